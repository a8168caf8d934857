"""From an event's request to a WebSocket client that watches `/ws/events`, on the whole platform.

The time is taken from sending `POST /events`, which is before the commit: what is promised from the commit on is kept if
this is. Then a thousand clients at once, each of which must get every event; and one that reads nothing.
"""

import asyncio
import json
import resource
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import uvloop

from bench.kit.cpu import CpuMeter, process_clock, quiet_machine
from bench.kit.http_connection import HttpConnection
from bench.kit.options import Options, read_options
from bench.kit.platform_up import DASHBOARD, DATA_LAYER, data_folder, platform_up, three_free_ports
from bench.kit.report import Report
from bench.kit.sample import Sample
from bench.kit.server import Server
from bench.kit.services import REDIS_URL, own_database
from bench.kit.websocket import WebSocketClient, WebSocketError, connect

DATABASE = "agentic_bench_feed"
CONNECTIONS = 8
CLIENTS = 1000
STALLED_BUFFER = 4096
PATIENCE = 10.0
"""Seconds that the last event may take to reach everybody."""


@dataclass(slots=True)
class Watch:
    """What a number of clients have seen of the events that this benchmark sends."""

    sent_at: dict[int, float] = field(default_factory=dict[int, float])
    latencies: list[float] = field(default_factory=list[float])
    received: int = 0
    _numbers: dict[bytes, int | None] = field(default_factory=dict[bytes, int | None])

    def on_message(self, message: bytes, now: float) -> None:
        """Count an event of ours; the same bytes come to many clients and are read once."""
        if message not in self._numbers:
            event = json.loads(message)
            ours = event["event_type"] == "bench.happened"
            self._numbers[message] = event["payload"]["n"] if ours else None
        number = self._numbers[message]
        if number is not None and number in self.sent_at:
            self.received += 1
            self.latencies.append(now - self.sent_at[number])

    async def complete(self, expected: int) -> None:
        """Wait until so many were received, or patience ends."""
        deadline = time.perf_counter() + PATIENCE
        while self.received < expected and time.perf_counter() < deadline:
            await asyncio.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Running:
    """The platform under test."""

    server: Server
    port: int
    connections: asyncio.Queue[HttpConnection]

    async def watching(self, watch: Watch, clients: int) -> list[WebSocketClient]:
        """Connect so many clients, one after another."""
        port = self.port + DASHBOARD
        return [await connect(port, "/ws/events", watch.on_message) for _ in range(clients)]

    async def stalled(self, clients: int) -> list[WebSocketClient]:
        """Connect so many clients that read nothing, with little room on the way."""
        sockets: list[WebSocketClient] = []
        for _ in range(clients):
            socket = await connect(
                self.port + DASHBOARD, "/ws/events", lambda *_: None, receive_buffer=STALLED_BUFFER
            )
            socket.stall()
            sockets.append(socket)
        return sockets

    async def send(self, watch: Watch, number: int, padding: int) -> None:
        """Append one event."""
        connection = await self.connections.get()
        payload = {"n": number, "padding": "x" * padding}
        event = {"event_type": "bench.happened", "aggregate_type": "bench", "aggregate_id": str(uuid4())}
        watch.sent_at[number] = time.perf_counter()
        await connection.post("/events", {**event, "payload": payload})
        self.connections.put_nowait(connection)


@asynccontextmanager
async def running_platform() -> AsyncGenerator[Running]:
    """Start the platform on a database of its own, with connections to its data layer."""
    port = three_free_ports()
    async with own_database(DATABASE) as url:
        environment = {"DATABASE_URL": url, "REDIS_URL": f"{REDIS_URL}/9"}
        with data_folder() as folder, platform_up(folder, port, environment) as server:
            connections: asyncio.Queue[HttpConnection] = asyncio.Queue()
            for _ in range(CONNECTIONS):
                connections.put_nowait(await HttpConnection.open(port + DATA_LAYER))
            yield Running(server, port, connections)
            while not connections.empty():
                connections.get_nowait().close()


async def _send_steadily(
    platform: Running, watch: Watch, per_second: int, seconds: float, padding: int
) -> int:
    """Send at a pace that does not wait for answers; returns how many."""
    count, started = round(per_second * seconds), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(started + number / per_second - time.perf_counter())
            group.create_task(platform.send(watch, number, padding))
    return count


async def measure(
    platform: Running, *, clients: int, per_second: int, seconds: float, padding: int = 0, stalled: int = 0
) -> tuple[Sample, int]:
    """One round: the latencies of all clients, and how many events were missed by any of them."""
    await quiet_machine()
    watch = Watch()
    sockets = await platform.watching(watch, clients)
    hanging = await platform.stalled(stalled)
    meter = CpuMeter({"server": process_clock(platform.server.pid)})
    meter.start()
    count = await _send_steadily(platform, watch, per_second, seconds, padding)
    await watch.complete(count * clients)
    cpu_us, foreign_cores = meter.stop(count * clients)
    for socket in (*sockets, *hanging):
        socket.close()
    if failures := {socket.failure for socket in sockets if socket.failure}:
        raise WebSocketError(f"clients lost their connection: {failures}")
    return Sample.of(watch.latencies, seconds, cpu_us, foreign_cores), count * clients - watch.received


async def run(options: Options) -> Report:
    """Rounds of one client, a thousand, and one beside a stalled one."""
    report = Report("From POST /events to a WebSocket client")
    one, many, quiet, beside = (
        "1 client, 100 events/s",
        f"{CLIENTS} clients, 5 events/s",
        "1 client, 100 events/s of 16 kB",
        "1 client, 100 events/s of 16 kB, beside a stalled one",
    )
    missed: dict[str, int] = dict.fromkeys((one, many, quiet, beside), 0)
    async with running_platform() as platform:

        async def add(case: str, clients: int, per_second: int, padding: int = 0, stalled: int = 0) -> None:
            sample, lost = await measure(
                platform,
                clients=clients,
                per_second=per_second,
                seconds=options.seconds,
                padding=padding,
                stalled=stalled,
            )
            report.add("received", case, sample)
            missed[case] += lost

        for _ in range(options.rounds):
            await add(one, 1, 100)
            await add(many, CLIENTS, 5)
            await add(quiet, 1, 100, padding=16_000)
            before = platform.server.resident_megabytes()
            await add(beside, 1, 100, padding=16_000, stalled=1)
            report.note(
                f"memory grew by {platform.server.resident_megabytes() - before:.1f} MB beside a stalled one"
            )
    report.at_most("p99 at 100 events/s", 10, report.median("received", one).p99_ms, "ms")
    report.at_most("p99 beside a stalled client", 10, report.median("received", beside).p99_ms, "ms")
    for case, lost in missed.items():
        report.at_most(f"events missed, {case}", 0, lost, "")
    return report


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(uvloop.run(run(read_options(__doc__, rounds=3, seconds=10.0))).text())
