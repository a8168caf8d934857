"""From an event to a webhook that receives it, at a steady rate on loopback; and what the router hands to handlers in this process.

Then what an hour's silence leaves behind: as many events as come in an hour at a hundred a second, taken by a subscriber that was away.
"""

import argparse
import asyncio
import resource
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import uvloop

from agentic.layers.base import jsonio
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L01_data_layer.settings import L01Settings
from agentic.layers.L11_integration.layer import Integration
from agentic.layers.L11_integration.settings import L11Settings
from bench.kit.report import Report
from bench.kit.services import REDIS_URL, own_database

DATABASE = "agentic_bench_webhooks"
RATE = 200
SECONDS = 15
AGGREGATES = 50
ROUTED = 20_000
HOUR = 360_000
BATCH = 1000
PATIENCE = 600.0


class Receiver(asyncio.Protocol):
    """The least that a webhook's other end can be: reads a request, notes when, and answers 204."""

    def __init__(self, took: Callable[[bytes, float], None]) -> None:
        self._took = took
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, body = self._data.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            self._took(body[:length], time.perf_counter())
            self._data = body[length:]
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")  # type: ignore[attr-defined]


@asynccontextmanager
async def _platform() -> AsyncGenerator[tuple[L01Client, Integration]]:
    async with own_database(DATABASE) as url:
        context = Context()
        data = DataLayer(context, L01Settings(database_url=url, redis_url=f"{REDIS_URL}/9"))
        context.give(data.local_client())
        layer = Integration(context, L11Settings(outgoing_allow=["127.0.0.1"]))
        async with data.running(), layer.running():
            yield data.local_client(), layer


def _facts(count: int, first: int = 0) -> list[dict[str, object]]:
    ids = [str(uuid4()) for _ in range(AGGREGATES)]
    return [
        {
            "event_type": "bench.happened",
            "aggregate_type": "bench",
            "aggregate_id": ids[number % AGGREGATES],
            "payload": {"n": first + number},
        }
        for number in range(count)
    ]


async def _webhook(report: Report) -> None:
    """Events at a steady rate, each timed from before it is written to when it was received."""
    sent: dict[int, float] = {}
    latencies: list[float] = []

    def took(body: bytes, moment: float) -> None:
        latencies.append((moment - sent[jsonio.decode(body)["payload"]["n"]]) * 1000)

    server = await asyncio.get_running_loop().create_server(lambda: Receiver(took), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with _platform() as (l01, layer):
        l11 = layer.local_client()
        await l11.subscribe("bench", "webhook", "bench.*", target={"url": url})
        count = RATE * SECONDS
        writes: list[asyncio.Task[object]] = []
        started = time.perf_counter()
        for number, fact in enumerate(_facts(count)):
            await asyncio.sleep(max(0.0, started + number / RATE - time.perf_counter()))
            sent[number] = time.perf_counter()
            writes.append(asyncio.create_task(l01.events.append(**fact)))  # type: ignore[arg-type]
        await asyncio.gather(*writes)
        await _until(lambda: _is(len(latencies) >= count))
    server.close()
    ordered = sorted(latencies)
    p50, p99 = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    report.at_most(f"event to webhook at {RATE}/s, p99", 50, p99, "ms")
    report.note(f"Of {len(ordered)} events, p50 {p50:.1f} ms.")


async def _routed(report: Report, count: int, what: str) -> None:
    """Events that are there already, handed to a handler from the first on."""
    seen = 0

    async def handler(event: Event) -> None:
        nonlocal seen
        seen += 1

    async with _platform() as (l01, layer):
        for first in range(0, count, BATCH):
            await l01.events.append_all(_facts(min(BATCH, count - first), first))
        await _until(lambda: _placed(l01, count))
        await l01.cursors.set("L11.bench", 0)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.perf_counter()
        layer.router.subscribe("bench", "bench.*", handler)
        await _until(lambda: _is(seen >= count))
        rate = count / (time.perf_counter() - started)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    report.at_least(f"{what}, events handled", 5000, rate, "/s")
    report.note(f"{what}: {count:,} events, the process grew by {grown:.0f} MB at most.")


async def _placed(l01: L01Client, count: int) -> bool:
    return await l01.events.head() >= count


async def _is(holds: bool) -> bool:
    return holds


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await holds():
            await asyncio.sleep(0.002)


async def run(hour: int) -> Report:
    """The webhook, the router, the hour."""
    report = Report("Events to webhooks and to handlers")
    await _webhook(report)
    await _routed(report, ROUTED, "router")
    await _routed(report, hour, "after an hour away")
    return report


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hour", type=int, default=HOUR, help="events that came in the hour")
    print(uvloop.run(run(parser.parse_args().hour)).text())
