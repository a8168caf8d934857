"""Following the log with a bookmark, so that nothing is missed while nobody follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Final, Protocol

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.L01_data_layer.backends.backend import FeedEvent
from agentic.layers.L01_data_layer.collection import Cursors, Events

AGAIN: Final = 0.5
"""Seconds until a log that ended, because the data layer stopped, is followed again."""

Take = Callable[[list[FeedEvent]], Awaitable[None]]


class Log(Protocol):
    """What of a client is needed."""

    events: Events
    cursors: Cursors

    def follow(self, after: int | None = None, **filters: str) -> AsyncGenerator[list[FeedEvent]]:
        """Batches of live events."""
        ...


async def keep_up(log: Log, name: str, take: Take, filters: Mapping[str, str]) -> None:
    """Gives every batch to `take`, and sets the bookmark after each. For ever."""
    while True:
        async with aclosing(log.follow(await _bookmark(log, name), **filters)) as batches:
            async for batch in batches:
                if batch:
                    await take(batch)
                    await log.cursors.set(name, batch[-1].position, onward=True)
        await asyncio.sleep(AGAIN)


async def _bookmark(log: Log, name: str) -> int:
    """Where it was; for one that is new, or of another log, the newest event's position, which is kept at once."""
    head = await log.events.head()
    try:
        saved = (await log.cursors.get(name))["position"]
    except NotFoundError:
        saved = head + 1
    if saved > head:
        saved = head
        await log.cursors.set(name, head)
    return saved
