"""HTTP to providers: a small client on the event loop's own transports, with connections that are kept.

It does what a gateway needs and nothing else: a POST or GET with a known body, an answer of known length, in chunks or up to the
end of the connection, read whole or part by part, bounded in size and in time. Whoever leaves an answer before its end
closes the connection, and so tells the provider to stop. docs/decisions/0026 says why it is not a library.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast
from urllib.parse import urlsplit

import httptools

HIGH_WATER: Final = 256 * 1024
"""Bytes of an answer that may wait to be read; then the provider is not read from."""
MAX_HEAD: Final = 64 * 1024
MAX_IDLE: Final = 64
"""Connections to one address that are kept although nobody uses them."""
IDLE_SECONDS: Final = 25.0
"""How long they are kept: less than servers and balancers keep theirs."""


class UpstreamError(Exception):
    """The exchange failed. `sent`: the provider may have seen the request."""

    def __init__(self, detail: str, *, sent: bool = True) -> None:
        self.sent = sent
        super().__init__(detail)


class ConnectError(UpstreamError):
    """There is no connection to be had."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, sent=False)


class DroppedError(UpstreamError):
    """The connection ended before the answer did."""


class SilenceError(UpstreamError):
    """Nothing came for longer than it may."""


class SizeError(UpstreamError):
    """The answer is larger than it may be."""


class GarbledError(UpstreamError):
    """The answer is not HTTP."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds for each part of an exchange."""

    connect: float = 5.0
    first_byte: float = 300.0
    silence: float = 60.0


class Address(NamedTuple):
    """Where a connection leads."""

    host: str
    port: int
    tls: bool


class Request(NamedTuple):
    """What is asked of a provider."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


class Response:
    """An answer that has begun. Read it to its end, or `close` it."""

    def __init__(self, connection: _Connection, timeouts: Timeouts) -> None:
        self.status = connection.status
        self.headers = connection.headers
        self._connection = connection
        self._timeouts = timeouts
        self._closed = False

    async def read(self, limit: int) -> bytes:
        """The whole body.

        Raises:
            SizeError: it is larger than `limit` bytes; no more than that is held.
            DroppedError, SilenceError, GarbledError: it did not come to its end.
        """
        parts = [part async for part in self.parts(limit)]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def parts(self, limit: int) -> AsyncGenerator[bytes]:
        """The body as it comes.

        Raises:
            SizeError: it is larger than `limit` bytes.
            DroppedError, SilenceError, GarbledError: it did not come to its end.
        """
        size = 0
        connection = self._connection
        try:
            while True:
                part = connection.take()
                if part:
                    size += len(part)
                    if size > limit:
                        raise SizeError(f"The answer is larger than {limit} bytes.")
                    yield part
                elif connection.complete:
                    return
                else:
                    await connection.more(self._timeouts.silence)
        finally:
            self.close()

    def close(self) -> None:
        """Lets go of the connection: kept when the answer is complete, and otherwise cut."""
        if not self._closed:  # else it may be somebody else's by now
            self._closed = True
            self._connection.release()


class Upstream:
    """Connections to providers."""

    def __init__(self) -> None:
        self._idle: dict[Address, list[_Connection]] = {}
        self._open: set[_Connection] = set()

    async def send(self, request: Request, timeouts: Timeouts) -> Response:
        """Sends a request, and returns when the head of its answer is there.

        Raises:
            ConnectError: there is no connection to be had.
            DroppedError, SilenceError, GarbledError: there was no answer.
        """
        address, head = _prepared(request.method, request.url)
        while True:
            connection = self._kept(address)
            reused = connection is not None
            if connection is None:
                connection = await self._connect(address, timeouts.connect)
            try:
                await connection.exchange(_encode(head, request), timeouts.first_byte)
            except DroppedError:
                connection.abort()
                if reused and not connection.heard:
                    continue  # it had been closed while nobody used it; the request was not taken
                raise
            except BaseException:
                connection.abort()
                raise
            return Response(connection, timeouts)

    def _kept(self, address: Address) -> _Connection | None:
        idle = self._idle.get(address)
        while idle:
            connection = idle.pop()
            if connection.usable:
                return connection
            connection.abort()
        return None

    async def _connect(self, address: Address, limit: float) -> _Connection:
        loop = asyncio.get_running_loop()
        options: dict[str, Any] = (
            {"ssl": _tls_context(), "server_hostname": address.host} if address.tls else {}
        )
        try:
            async with asyncio.timeout(limit):
                _, connection = await loop.create_connection(
                    lambda: _Connection(self, address), address.host, address.port, **options
                )
        except TimeoutError:
            raise ConnectError(f"{address.host}:{address.port} does not answer.") from None
        except (OSError, ssl.CertificateError) as error:
            raise ConnectError(f"{address.host}:{address.port} cannot be reached: {error}") from error
        return connection

    def keep(self, connection: _Connection) -> None:
        """Keeps a connection for the next request to its address."""
        idle = self._idle.setdefault(connection.address, [])
        if len(idle) >= MAX_IDLE:
            connection.abort()
        else:
            idle.append(connection)

    def opened(self, connection: _Connection) -> None:
        """Notes a connection, to close it at the end."""
        self._open.add(connection)

    def lost(self, connection: _Connection) -> None:
        """Forgets a connection that is gone."""
        self._open.discard(connection)
        idle = self._idle.get(connection.address)
        if idle and connection in idle:
            idle.remove(connection)

    async def close(self) -> None:
        """Cuts every connection."""
        for connection in list(self._open):
            connection.abort()
        self._idle.clear()
        await asyncio.sleep(0)


class _Connection(asyncio.Protocol):
    """One connection: one exchange at a time."""

    def __init__(self, pool: Upstream, address: Address) -> None:
        self.address = address
        self._pool = pool
        self._gone: Exception | None = None
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._idle_since: float | None = None
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.headers: dict[str, str] = {}
        self.complete = False
        self.heard = False
        """Something of the answer has come."""
        self._begun = False
        self._keep = False
        self._head_size = 0
        self._parts: list[bytes] = []
        self._size = 0

    # -- the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._pool.opened(self)

    def data_received(self, data: bytes) -> None:
        if self._idle_since is not None or self.complete:
            self.abort()  # more than was asked for: what follows could not be told apart
            return
        self.heard = True
        if not self._begun:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._end(GarbledError(f"The answer is not HTTP: {error}"))
            return
        if not self._begun and self._head_size > MAX_HEAD:
            self._end(GarbledError("The head of the answer does not end."))
            return
        if self._size > HIGH_WATER and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._begun and not self.complete and "content-length" not in self.headers and not self._chunked:
            self.complete = True  # an answer without a length ends with its connection
        self._end(DroppedError(f"The connection ended before the answer did{f': {exc}' if exc else '.'}"))
        self._pool.lost(self)

    def _end(self, why: Exception) -> None:
        self._gone = self._gone or why
        self._transport.abort()
        self._wake()

    # -- the parser tells

    def on_message_begin(self) -> None:
        self.headers = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._begun = self.status >= 200  # what comes before that is only a notice
        self._keep = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)
        self._size += len(body)

    def on_message_complete(self) -> None:
        self.complete = self._begun

    # -- the exchange

    @property
    def _chunked(self) -> bool:
        return "chunked" in self.headers.get("transfer-encoding", "").lower()

    @property
    def usable(self) -> bool:
        """It can be used for another request."""
        if self._gone is not None or self._transport.is_closing() or self._idle_since is None:
            return False
        return asyncio.get_running_loop().time() - self._idle_since < IDLE_SECONDS

    async def exchange(self, data: bytes, first_byte: float) -> None:
        """Sends a request, and returns when the head of the answer is there."""
        if self._idle_since is not None:
            self._idle_since = None
            self._begin()
        self._transport.write(data)
        while not self._begun:
            await self.more(first_byte)

    def take(self) -> bytes:
        """What has come of the body and was not taken yet."""
        if not self._parts:
            return b""
        part = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        self._size = 0
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return part

    async def more(self, limit: float) -> None:
        """Returns when more has come.

        Raises:
            DroppedError, GarbledError: nothing more will come.
            SilenceError: nothing came.
        """
        if self._gone is not None:
            raise self._gone
        self._waiter = asyncio.get_running_loop().create_future()
        timer = asyncio.get_running_loop().call_later(limit, self._silent, limit)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None
        if self._gone is not None and not self._parts and not self.complete:
            raise self._gone

    def _silent(self, limit: float) -> None:
        self._end(SilenceError(f"Nothing came for {limit:g} s."))

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def release(self) -> None:
        """The exchange is over for its caller."""
        if self._idle_since is not None:
            return
        if self.complete and self._keep and self._gone is None and not self._transport.is_closing():
            self._idle_since = asyncio.get_running_loop().time()
            self._pool.keep(self)
        else:
            self.abort()

    def abort(self) -> None:
        """Cuts it."""
        self._transport.abort()


@lru_cache(maxsize=256)
def _prepared(method: str, url: str) -> tuple[Address, str]:
    """Where a request goes, and the first lines of its head."""
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConnectError(f"{url} is not the address of a server.")
    try:
        port = parts.port or (443 if tls else 80)
    except ValueError:
        raise ConnectError(f"{url} has no valid port.") from None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    if any(character <= " " or character == "\x7f" for character in path + host):
        raise ConnectError(f"{url!r} holds what no address may.")
    return Address(parts.hostname, port, tls), f"{method} {path} HTTP/1.1\r\nhost: {host}\r\n"


def _encode(head: str, request: Request) -> bytes:
    lines = [head]
    for name, value in request.headers.items():
        if "\r" in value or "\n" in value:
            raise ConnectError(f"The header {name} holds a line break.")
        lines.append(f"{name}: {value}\r\n")
    if request.body or request.method == "POST":
        lines.append(f"content-length: {len(request.body)}\r\n")
    lines.append("accept-encoding: identity\r\n\r\n")
    return "".join(lines).encode("latin-1") + request.body


@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()
