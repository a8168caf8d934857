"""A subscriber that comes to us: server-sent events from its own place in the log, which is kept while it is away.

Its place moves with what it was sent. Who must not miss what was sent and not yet done comes back with `Last-Event-ID` (browsers do
so by themselves), or tells its place: either goes before what was kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from agentic.layers.base import jsonio
from agentic.layers.base.server_sent import PING, or_silence
from agentic.layers.L01_data_layer.client import FeedEvent, event_of
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L11_integration.cloud_events import cloud_event
from agentic.layers.L11_integration.errors import NotStoredError
from agentic.layers.L11_integration.follower import Subscriber


class FeedSubscription(Subscriber):
    """The events of one feed, for whoever reads it."""

    form: str = "event"

    async def run(self) -> None:
        """Knows its place. What it has to send, it sends when somebody asks."""
        await self.cursor.load()
        self.status = "following"
        await asyncio.Event().wait()

    async def again(self, event: Event) -> None:
        """Nothing is ever undelivered here."""
        raise NotStoredError("A feed has no dead letters: its reader asks for what it wants.")

    async def blocks(self, after: int | None) -> AsyncGenerator[bytes]:
        """The text of a stream: what is wanted after a position, or else after the feed's own place."""
        position = await self.cursor.load() if after is None else after
        if after is not None:
            await self.cursor.advance(after, handled=False)
        yield b"id: %d\n\n" % position
        async with (
            aclosing(self._client().follow(position)) as followed,
            aclosing(or_silence(followed, PING)) as batches,
        ):
            async for batch in batches:
                if batch is None:
                    yield b": ping\nid: %d\n\n" % position
                    continue
                for event in batch:
                    if self.wanted(event):
                        yield self._block(event)
                        self.delivered += 1
                    position = event.position
                await self.cursor.advance(position, handled=bool(batch))

    def _block(self, event: FeedEvent) -> bytes:
        kind = " ".join(event.event_type.splitlines()).encode()
        text = event.json if self.form == "event" else jsonio.encode(cloud_event(event_of(event)))
        return b"id: %d\nevent: %b\ndata: %b\n\n" % (event.position, kind, text)
