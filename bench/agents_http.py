"""Agents over HTTP: the data layer against the yardsticks raw and reference, in interleaved rounds.

The data layer is served alone, by the same uvicorn with the same options as the reference. A create's rate counts
until its event is published.
"""

from collections.abc import Awaitable, Callable

import uvloop

from bench import raw
from bench.kit.contender import PLATFORM_APPLICATION, REFERENCE_APPLICATION, Contender, running
from bench.kit.http_load import RequestMaker, get, http_load, post
from bench.kit.options import Options, read_options
from bench.kit.report import Report
from bench.kit.sample import Sample

CREATE_CLIENTS = (1, 8, 32)
READ_CLIENTS = 32
Measurement = tuple[str, str, Callable[[], Awaitable[Sample]]]
"""Case, contender, and what measures it."""


async def _get_each_of_100(contender: Contender) -> RequestMaker:
    agents = await contender.connection.fetch("SELECT id FROM agents LIMIT 100")
    return get([f"/agents/{agent['id']}" for agent in agents])


async def _list_of_100(contender: Contender) -> RequestMaker:
    return get(["/agents?limit=100"])


def _create(contender: Contender, clients: int, seconds: float) -> Measurement:
    async def measure() -> Sample:
        return await http_load(
            contender.port,
            post("/agents", {"name": "bench-agent", "agent_type": "general"}),
            clients=clients,
            seconds=seconds,
            clocks=contender.clocks,
            settled=contender.settled,
        )

    return f"create at {clients}", contender.name, measure


def _read(
    case: str, requests: Callable[[Contender], Awaitable[RequestMaker]], contender: Contender, seconds: float
) -> Measurement:
    async def measure() -> Sample:
        return await http_load(
            contender.port,
            await requests(contender),
            clients=READ_CLIENTS,
            seconds=seconds,
            clocks=contender.clocks,
        )

    return f"{case} at {READ_CLIENTS}", contender.name, measure


def _create_raw(url: str, clients: int, seconds: float) -> Measurement:
    return (
        f"create at {clients}",
        "raw",
        lambda: raw.measure(url, writers=clients, seconds=seconds),
    )


def _one_round(raw_url: str, contenders: list[Contender], seconds: float) -> list[Measurement]:
    measurements: list[Measurement] = []
    for clients in CREATE_CLIENTS:
        measurements.append(_create_raw(raw_url, clients, seconds))
        measurements.extend(_create(contender, clients, seconds) for contender in contenders)
    for case, requests in (("get", _get_each_of_100), ("list of 100", _list_of_100)):
        measurements.extend(_read(case, requests, contender, seconds) for contender in contenders)
    return measurements


def _state_targets(report: Report) -> None:
    def rate_ratio(case: str, base: str) -> float:
        return report.ratio(case, "platform", base)

    report.at_least("create at 32: rate over raw", 1.2, rate_ratio("create at 32", "raw"))
    report.at_least("create at 8: rate over raw", 0.6, rate_ratio("create at 8", "raw"))
    p50_ratio = report.ratio("create at 1", "platform", "raw", lambda sample: sample.p50_ms)
    report.at_most("create at 1: p50 over raw", 3, p50_ratio, "x")
    for case, promised in (("create", 6), ("get", 3.5), ("list of 100", 5)):
        report.at_least(
            f"{case} at 32: rate over reference",
            promised,
            rate_ratio(f"{case} at 32", "reference"),
        )


async def run(options: Options) -> Report:
    """All cases, round after round."""
    report = Report("Agents over HTTP, at 1, 8 and 32 clients", base="reference")
    async with (
        raw.raw_database() as raw_url,
        running("reference", REFERENCE_APPLICATION, redis_database=8) as reference,
        running("platform", PLATFORM_APPLICATION, redis_database=9, publishes_later=True) as platform,
    ):
        for _ in range(options.rounds):
            for case, contender, measure in _one_round(raw_url, [reference, platform], options.seconds):
                report.add(case, contender, await measure())
    _state_targets(report)
    return report


if __name__ == "__main__":
    print(uvloop.run(run(read_options(__doc__))).text())
