"""The ways to the learning layer: those of every layer, and the files of exports, which come in pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import httpx2

from agentic.layers.base import backends
from agentic.layers.base.backends import pooled, refusal, segment
from agentic.layers.base.common_errors import UnreachableError
from agentic.layers.base.operation import Call, Route

PIECE: Final = 256 * 1024
"""Bytes that are in memory at a time."""
PATIENCE: Final = httpx2.Timeout(30.0, connect=5.0)

Pieces = AsyncGenerator[bytes]


class Backend(backends.Backend, Protocol):
    """Carries operations out, and fetches files."""

    async def file(self, export_id: str, name: str) -> Pieces:
        """A file of an export, once it is known that it is there.

        Raises:
            NotFoundError, NotExportedError: it is not.
        """
        ...


class LocalBackend(backends.LocalBackend):
    """Reads the files of this machine."""

    def __init__(self, routes: Iterable[Route], find: Callable[[str, str], Awaitable[Path]]) -> None:
        super().__init__(routes)
        self._find = find

    async def file(self, export_id: str, name: str) -> Pieces:
        """A file, open before this returns."""
        path = await self._find(export_id, name)
        return _read(await asyncio.to_thread(path.open, "rb"))


async def _read(file: BinaryIO) -> Pieces:
    try:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
    finally:
        file.close()


class HttpBackend(backends.HttpBackend):
    """Asks the layer for them."""

    async def file(self, export_id: str, name: str) -> Pieces:
        """A file, whose answer has begun before this returns.

        Raises:
            UnreachableError: the layer does not answer.
        """
        client = await pooled(self.base_url)
        path = f"/exports/{segment('id', export_id)}/files/{segment('name', name)}"
        request = client.build_request("GET", path, headers=self._headers_of(Call()), timeout=PATIENCE)
        try:
            response = await client.send(request, stream=True)
        except httpx2.TransportError as error:
            raise UnreachableError(f"L07 at {self.base_url} does not answer: {error!r}") from error
        if not response.is_success:
            await response.aread()
            raise refusal(response)
        return _received(response)


async def _received(response: httpx2.Response) -> Pieces:
    try:
        async for piece in response.aiter_bytes(PIECE):
            yield piece
    finally:
        await response.aclose()
