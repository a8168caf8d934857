"""`GET /events/stream`: the live log as server-sent events (WHATWG HTML, section 9.2).

Each event has its position as `id`, so that a browser resumes by itself (`Last-Event-ID`). An `id` alone says how far
the log was looked at: first, where the stream begins, and with each ping, so that a reader with a rare filter does not
come back to a place long gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from starlette.responses import StreamingResponse
from starlette.types import Send

from agentic.layers.base.app import PROBLEM_RESPONSES
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.operation import validated
from agentic.layers.L01_data_layer.backends.backend import FeedEvent
from agentic.layers.L01_data_layer.feed import EventFeed, Filter
from agentic.layers.L01_data_layer.models.event_stream import EventStreamQuery

PATH: Final = "/events/stream"
PING: Final = 15.0
"""Seconds of silence after which a reader is told that the stream still stands."""
SSE: Final = "text/event-stream"
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_DOCUMENTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Server-sent events.", "content": {SSE: {"schema": {"type": "string"}}}},
    **PROBLEM_RESPONSES,
}


class _EventStream(StreamingResponse):
    """Closes what it streams from at once when the reader is gone, not when the garbage collector comes."""

    media_type = SSE

    def __init__(self, blocks: AsyncGenerator[bytes]) -> None:
        super().__init__(blocks, headers=_HEADERS)
        self._blocks = blocks

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._blocks):
            await super().stream_response(send)


def router(feed: EventFeed) -> APIRouter:
    """The route of the stream."""
    routes = APIRouter(tags=["events"])

    @routes.get(PATH, status_code=200, responses=_DOCUMENTED, response_class=_EventStream)
    async def stream(  # pyright: ignore[reportUnusedFunction]
        query: Annotated[EventStreamQuery, Query()], last_event_id: Annotated[str | None, Header()] = None
    ) -> _EventStream:
        """Events as they happen, after a position or from now on. A `Last-Event-ID` goes before `after`."""
        after = _position(last_event_id) if last_event_id else query.after
        if after is None:
            after = await feed.head()
        wanted = Filter(query.event_type, query.aggregate_type, query.aggregate_id)
        return _EventStream(_blocks(feed, after, wanted))

    return routes


def _position(last_event_id: str) -> int:
    try:
        after = validated(EventStreamQuery, {"after": last_event_id}).after
    except InvalidError:
        after = None
    if after is None:
        raise InvalidError.of(("Last-Event-ID", "not a position that a stream gave"))
    return after


async def _blocks(feed: EventFeed, position: int, wanted: Filter) -> AsyncGenerator[bytes]:
    """The text of the stream. Every event is followed, wanted or not, to know how far the reader has come."""
    yield b"id: %d\n\n" % position
    async with (
        aclosing(feed.follow(position, Filter())) as followed,
        aclosing(_or_silence(followed, PING)) as batches,
    ):
        async for batch in batches:
            if batch is None:
                yield b": ping\nid: %d\n\n" % position
            elif batch:
                position = batch[-1].position
                if blocks := [_block(event) for event in batch if wanted(event)]:
                    yield b"".join(blocks)


def _block(event: FeedEvent) -> bytes:
    # The type of an event may hold what ends a line here; its JSON cannot.
    kind = " ".join(event.event_type.splitlines()).encode()
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (event.position, kind, event.json)


async def _or_silence(
    batches: AsyncGenerator[list[FeedEvent]], limit: float
) -> AsyncGenerator[list[FeedEvent] | None]:
    """The batches, and nothing instead of one after each `limit` seconds without: what comes is waited for further."""
    coming: asyncio.Future[list[FeedEvent] | None] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(batches, None))
            await asyncio.wait({coming}, timeout=limit)
            if not coming.done():
                yield None
                continue
            batch, coming = coming.result(), None
            if batch is None:
                return
            yield batch
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.wait({coming})
