"""A closed-loop HTTP/1.1 generator on a bare asyncio protocol: light enough that the server is what is measured.

Each client keeps one connection and sends its next request when the answer to the last is complete.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

from bench.kit.cpu import CpuClock, CpuMeter, quiet_machine
from bench.kit.sample import Sample

ANSWER_TIMEOUT = 30.0
"""Seconds that an answer may take once the load is over."""

LAST_CHUNK = b"\r\n0\r\n\r\n"

RequestMaker = Callable[[], bytes]
"""Returns the bytes of the next request."""


class RequestError(Exception):
    """An answer was not a success, or a connection ended: what was measured would mean nothing."""


def encode_request(method: str, path: str, body: bytes, extra: Mapping[str, str] | None = None) -> bytes:
    """One request on a connection that stays open."""
    headers = "Host: 127.0.0.1\r\nAccept: */*\r\n"
    headers += "".join(f"{name}: {value}\r\n" for name, value in (extra or {}).items())
    if body:
        headers += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{method} {path} HTTP/1.1\r\n{headers}\r\n".encode() + body


def get(paths: Sequence[str]) -> RequestMaker:
    """GET the paths one after another, round and round."""
    requests = itertools.cycle([encode_request("GET", path, b"") for path in paths])
    return lambda: next(requests)


def post(path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> RequestMaker:
    """POST a JSON body again and again."""
    request = encode_request("POST", path, json.dumps(body).encode(), headers)
    return lambda: request


class _Load:
    """What the connections of one measurement share."""

    def __init__(self, next_request: RequestMaker, count_from: float):
        self.next_request = next_request
        self.count_from = count_from
        self.latencies: list[float] = []
        self.answered = 0
        self.stopping = False
        self.failure: str | None = None


class _Client(asyncio.Protocol):
    def __init__(self, load: _Load):
        self._load = load
        self._received = b""
        self._expected_length = 0
        self._chunked = False
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        if self._load.stopping:
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(self._load.next_request())

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._expected_length and not self._chunked:
            self._read_head()
        if (self._chunked and self._received.endswith(LAST_CHUNK)) or (
            self._expected_length and len(self._received) >= self._expected_length
        ):
            self._answered()

    def _read_head(self) -> None:
        head_ends = self._received.find(b"\r\n\r\n")
        if head_ends < 0:
            return
        head = self._received[:head_ends].lower()
        _, found, after = head.partition(b"content-length:")
        if not found and b"transfer-encoding: chunked" in head:
            self._chunked = True
            return
        if not found:
            self._fail("the answer has no Content-Length")
            return
        self._expected_length = head_ends + 4 + int(after.partition(b"\r\n")[0])

    def _answered(self) -> None:
        now = time.perf_counter()
        if self._received[9:10] != b"2":
            self._fail(self._received[:600].decode("latin1"))
            return
        if now >= self._load.count_from:
            self._load.latencies.append(now - self._sent_at)
        self._load.answered += 1
        self._received, self._expected_length, self._chunked = b"", 0, False
        self._send()

    def _fail(self, reason: str) -> None:
        self._load.failure = reason
        self._load.stopping = True
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._load.stopping:
            self._load.failure = f"the server closed the connection: {exc}"
            self._load.stopping = True
        self.finished.set_result(None)


async def http_load(
    port: int,
    next_request: RequestMaker,
    *,
    clients: int,
    seconds: float,
    clocks: Mapping[str, CpuClock],
    settled: Callable[[], Awaitable[None]] | None = None,
    warm_up: float = 0.5,
) -> Sample:
    """Load a server on this machine with so many clients for so many seconds.

    `settled` waits until the server has done what it owes after its last answer; the time that takes counts, so the
    rate is one that the server can keep up.

    Raises RequestError on the first answer that is not a success, TimeoutError when a last answer does not come.
    """
    await quiet_machine()
    loop = asyncio.get_running_loop()
    load = _Load(next_request, count_from=time.perf_counter() + warm_up)
    meter = CpuMeter(clocks)
    meter.start()
    connections = [
        (await loop.create_connection(lambda: _Client(load), "127.0.0.1", port))[1] for _ in range(clients)
    ]
    all_finished = asyncio.gather(*(connection.finished for connection in connections))
    await asyncio.wait([all_finished], timeout=load.count_from + seconds - time.perf_counter())
    load.stopping = True
    async with asyncio.timeout(ANSWER_TIMEOUT):
        await all_finished
    if load.failure:
        raise RequestError(load.failure)
    if settled:
        await settled()
    measured = time.perf_counter() - load.count_from
    cpu_us, foreign_cores = meter.stop(load.answered)
    return Sample.of(load.latencies, measured, cpu_us, foreign_cores)
