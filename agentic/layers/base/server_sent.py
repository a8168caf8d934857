"""What streams of server-sent events have in common (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final, TypeVar

from starlette.responses import StreamingResponse
from starlette.types import Send

from agentic.layers.base.app import PROBLEM_RESPONSES

T = TypeVar("T")

PING: Final = 15.0
"""Seconds of silence after which a reader is told that the stream still stands."""
SSE: Final = "text/event-stream"
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
DOCUMENTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Server-sent events.", "content": {SSE: {"schema": {"type": "string"}}}},
    **PROBLEM_RESPONSES,
}


class ServerSentEvents(StreamingResponse):
    """Closes what it streams from at once when the reader is gone, not when the garbage collector comes."""

    media_type = SSE

    def __init__(self, blocks: AsyncGenerator[bytes]) -> None:
        super().__init__(blocks, headers=_HEADERS)
        self._blocks = blocks

    async def stream_response(self, send: Send) -> None:
        """Streams, and closes the source whatever happens."""
        async with aclosing(self._blocks):
            await super().stream_response(send)


async def or_silence(items: AsyncGenerator[T], limit: float) -> AsyncGenerator[T | None]:
    """The items, and nothing instead of one after each `limit` seconds without: what comes is waited for further."""
    coming: asyncio.Future[T | None] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(items, None))
            await asyncio.wait({coming}, timeout=limit)
            if not coming.done():
                yield None
                continue
            item, coming = coming.result(), None
            if item is None:
                return
            yield item
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.wait({coming})
