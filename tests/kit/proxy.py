"""Something between a client and its server that can be cut, or made to hang, and mended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit


class Proxy:
    """Passes bytes on, until it is told not to."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._parts = parts
        self._folder = parse_qs(parts.query).get("host", [None])[0]
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._port = 0

    @property
    def url(self) -> str:
        """The target's address, through here."""
        user = f"{self._parts.username}@" if self._parts.username else ""
        return f"{self._parts.scheme}://{user}127.0.0.1:{self._port}{self._parts.path}"

    async def mend(self) -> None:
        """Accepts connections and passes bytes on."""
        self._open.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Refuses connections, and resets those that stand."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    def hang(self) -> None:
        """Lets connections stand, and passes nothing on."""
        self._open.clear()

    def let_go(self) -> None:
        """Ends a hang without passing anything on to connections that were cut."""
        self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._folder:
                path = f"{self._folder}/.s.PGSQL.{self._parts.port or 5432}"
                there = await asyncio.open_unix_connection(path)
            else:
                there = await asyncio.open_connection(self._parts.hostname, self._parts.port)
            self._writers |= {writer, there[1]}
            await asyncio.gather(self._pass(reader, there[1]), self._pass(there[0], writer))
        except OSError:
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        except (OSError, RuntimeError):  # uvloop says so of a transport that was aborted
            pass
        finally:
            writer.transport.abort()
            self._writers.discard(writer)


@asynccontextmanager
async def proxied(target: str) -> AsyncGenerator[Proxy]:
    """A proxy before `target`, mended."""
    proxy = Proxy(target)
    await proxy.mend()
    try:
        yield proxy
    finally:
        proxy.cut()
        proxy.let_go()
