"""`GET /events/stream`: the live log as server-sent events (WHATWG HTML, section 9.2).

Each event has its position as `id`, so that a browser resumes by itself (`Last-Event-ID`). An `id` alone says how far
the log was looked at: first, where the stream begins, and with each ping, so that a reader with a rare filter does not
come back to a place long gone.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.operation import validated
from agentic.layers.base.server_sent import DOCUMENTED, PING, ServerSentEvents, or_silence
from agentic.layers.L01_data_layer.backends.backend import FeedEvent
from agentic.layers.L01_data_layer.feed import EventFeed, Filter
from agentic.layers.L01_data_layer.models.event_stream import EventStreamQuery

PATH: Final = "/events/stream"


def router(feed: EventFeed) -> APIRouter:
    """The route of the stream."""
    routes = APIRouter(tags=["events"])

    @routes.get(PATH, status_code=200, responses=DOCUMENTED, response_class=ServerSentEvents)
    async def stream(  # pyright: ignore[reportUnusedFunction]
        query: Annotated[EventStreamQuery, Query()], last_event_id: Annotated[str | None, Header()] = None
    ) -> ServerSentEvents:
        """Events as they happen, after a position or from now on. A `Last-Event-ID` goes before `after`."""
        after = _position(last_event_id) if last_event_id else query.after
        if after is None:
            after = await feed.head()
        wanted = Filter(query.event_type, query.aggregate_type, query.aggregate_id)
        return ServerSentEvents(_blocks(feed, after, wanted))

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
        aclosing(or_silence(followed, PING)) as batches,
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
