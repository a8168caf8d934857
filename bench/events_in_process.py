"""Events in process: appended through L01Client and its LocalBackend and published, against raw in the same run.

Then what LocalBackend costs over calling the service itself, measured with a service that answers at once.
"""

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable
from uuid import uuid4

import asyncpg
import uvloop

from agentic.layers.base.layer import Context
from agentic.layers.base.operation import Answer, Call, Route
from agentic.layers.L01_data_layer.backends.local import LocalBackend
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.models.agent import AGENTS
from agentic.layers.L01_data_layer.settings import L01Settings
from bench import raw
from bench.kit.contender import published
from bench.kit.cpu import postgres_clock, redis_clock
from bench.kit.options import Options, read_options
from bench.kit.report import Report
from bench.kit.sample import Sample
from bench.kit.services import REDIS_URL, own_database
from bench.kit.task_load import task_load

DATABASE = "agentic_bench_in_process"
WRITERS = 32
CASE = f"append at {WRITERS}"
AGGREGATES = 1000
CALLS = 5000


async def _append_and_publish(layer: DataLayer, connection: asyncpg.Connection, seconds: float) -> Sample:
    client = L01Client(backend=layer.backend)
    aggregates = itertools.cycle([str(uuid4()) for _ in range(AGGREGATES)])

    async def append() -> None:
        payload = {"name": "bench-agent", "agent_type": "general"}
        await client.publish_event("bench.happened", "bench", next(aggregates), payload)

    async def on_the_bus() -> None:
        await published(connection)
        last = await connection.fetchval("SELECT position FROM relay")
        while layer.relay.published < last:
            await asyncio.sleep(0.005)

    clocks = {"postgres": await postgres_clock(DATABASE), "redis": await redis_clock()}
    return await task_load(append, tasks=WRITERS, seconds=seconds, clocks=clocks, settled=on_the_bus)


async def _seconds_per_call(call: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    for _ in range(CALLS):
        await call()
    return (time.perf_counter() - started) / CALLS


async def _local_backend(layer: DataLayer, report: Report, rounds: int) -> None:
    """Time a get of an agent by the service, the backend over it, and the client over both, in turns."""
    agent = await L01Client(backend=layer.backend).create_agent("bench-agent", "general", {})
    path = {"id": agent["id"]}
    get = AGENTS.operations["get"]
    answer = await layer.services.agents.get(Call(path))

    async def service(_: Call) -> Answer:
        return answer

    backend = LocalBackend([Route(get, service)], layer.feed, layer.texts)
    client = L01Client(backend=backend)
    ways: dict[str, Callable[[], Awaitable[object]]] = {
        "service": lambda: service(Call(path)),
        "backend": lambda: backend.call(get, Call(path)),
        "client": lambda: client.get_agent(agent["id"]),
    }
    measured: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(4 * rounds):
        for way, call in ways.items():
            measured[way].append(await _seconds_per_call(call) * 1e6)
    service_us, backend_us, client_us = (statistics.median(measured[way]) for way in ways)
    report.at_most("LocalBackend over the service, for a get", 5, backend_us - service_us, "µs")
    report.note(f"L01Client's method over the service, for a get: {client_us - service_us:.1f} µs")


async def run(options: Options) -> Report:
    """Rounds of raw and append, then the cost of the backend."""
    report = Report(f"Events appended in process by {WRITERS} writers and published", base="raw")
    async with raw.raw_database() as raw_url, own_database(DATABASE) as url:
        settings = L01Settings(database_url=url, redis_url=f"{REDIS_URL}/9")
        layer = DataLayer(Context(), settings)
        async with layer.running():
            connection = await asyncpg.connect(url)
            for _ in range(options.rounds):
                report.add(CASE, "raw", await raw.measure(raw_url, writers=WRITERS, seconds=options.seconds))
                sample = await _append_and_publish(layer, connection, options.seconds)
                report.add(CASE, "platform", sample)
            await _local_backend(layer, report, options.rounds)
            await connection.close()
    report.at_least(f"{CASE}: rate over raw", 2.3, report.ratio(CASE, "platform", "raw"))
    return report


if __name__ == "__main__":
    print(uvloop.run(run(read_options(__doc__))).text())
