"""The log, followed once for this process and handed to every socket.

Each socket has a buffer of bounded size. One that is too slow for its buffer loses the buffer and is told so: it reads
what it missed from the log, or starts again. It costs nobody else anything.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from itertools import dropwhile
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.broadcast import Writer, text_frames
from agentic.layers.L01_data_layer.client import FeedEvent, L01Client
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L10_human_interface.wanted import Wanted

BUFFER: Final = 2000
"""Events that one socket may have waiting, and that the hub keeps for those who were away for a moment."""
PAGE: Final = 500


class Subscription:
    """What one socket has waiting."""

    def __init__(self, wanted: Wanted, position: int) -> None:
        self.wanted = wanted
        self.position = position
        """Up to here the log was looked at, whether or not there was something wanted in it."""
        self.behind = False
        """True when the buffer was too small: events after `position` are missing."""
        self.ready = asyncio.Event()
        self._events: deque[FeedEvent] = deque()

    def offer(self, batch: list[FeedEvent]) -> None:
        """Takes in what the hub read."""
        if self.behind:
            return
        fresh = [event for event in batch if self.wanted(event)]
        if len(self._events) + len(fresh) > BUFFER:
            self._events.clear()
            self.behind = True
            self.ready.set()
            return
        self.position = batch[-1].position
        if fresh:
            self._events.extend(fresh)
            self.ready.set()

    def take(self) -> list[FeedEvent]:
        """Everything that waits, oldest first."""
        taken = list(self._events)
        self._events.clear()
        if not self.behind:
            self.ready.clear()
        return taken

    def restart(self, position: int) -> None:
        """Begins again at `position` with an empty buffer."""
        self.position = position
        self.behind = False
        self._events.clear()
        self.ready.clear()


class Listener:
    """A connection in a broadcast."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.position = 0
        """After it fell out: it has everything up to here."""
        self.fell_out = asyncio.Event()


class Broadcast:
    """Connections that want the same and have all of it: what comes is framed once, and written to each."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self.listeners: set[Listener] = set()

    def offer(self, batch: list[FeedEvent], before: int) -> None:
        """Writes what is wanted of what came after `before`; who cannot take it falls out, and stays complete up to there."""
        frames = text_frames(event.json for event in batch if self._wanted(event))
        if not frames:
            return
        for listener in [listener for listener in self.listeners if not listener.writer.write(frames)]:
            self.listeners.discard(listener)
            listener.position = before
            listener.fell_out.set()


class Hub:
    """Follows the log for as long as the layer runs."""

    def __init__(self, l01: L01Client) -> None:
        self._l01 = l01
        self._subscriptions: set[Subscription] = set()
        self._broadcasts: dict[Wanted, Broadcast] = {}
        self._recent: deque[FeedEvent] = deque(maxlen=BUFFER)
        self.started = asyncio.Event()
        """Set when it is known where the log stands."""
        self.position = 0
        """The last event that was seen."""
        self.following = False
        """True while the log is being followed."""

    async def run(self) -> None:
        """Follows the log. Runs until it is cancelled; the caller restarts it when it fails."""
        try:
            if not self.started.is_set():
                self.position = await self._l01.events.head()
            self.following = True
            self.started.set()
            async for batch in self._l01.follow(after=self.position):
                self._take([event for event in batch if event.position > self.position])
        finally:
            self.following = False

    def _take(self, batch: list[FeedEvent]) -> None:
        if not batch:
            return
        before, self.position = self.position, batch[-1].position
        self._recent.extend(batch)
        for broadcast in self._broadcasts.values():
            broadcast.offer(batch, before)
        for subscription in self._subscriptions:
            subscription.offer(batch)

    def __len__(self) -> int:
        """How many sockets are being kept up to date."""
        return len(self._subscriptions) + sum(
            len(broadcast.listeners) for broadcast in self._broadcasts.values()
        )

    @contextmanager
    def subscribed(self, wanted: Wanted) -> Generator[Subscription]:
        """A subscription that stands as long as the block: from the newest event on."""
        subscription = Subscription(wanted, self.position)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def recent(self, after: int) -> list[FeedEvent] | None:
        """What came after a position, from memory; none when memory does not reach back so far."""
        if after >= self.position:
            return []
        if not self._recent or self._recent[0].position > after + 1:
            return None
        return list(dropwhile(lambda event: event.position <= after, self._recent))

    async def stream(self, after: int | None, wanted: Wanted) -> AsyncGenerator[list[FeedEvent]]:
        """What is wanted after a position (none: from now on), for ever, each event once and in order.

        A reader that is slower than its buffer is served from the log until it has caught up.
        """
        await self.started.wait()
        with self.subscribed(wanted) as subscription:
            position = subscription.position if after is None else after
            behind = position < subscription.position
            while True:
                if behind:
                    async for batch in self.missed(position, wanted):
                        if batch:
                            position = batch[-1].position
                            yield batch
                await subscription.ready.wait()
                behind = subscription.behind
                fresh = [event for event in subscription.take() if event.position > position]
                if behind:
                    subscription.restart(self.position)
                elif fresh:
                    position = fresh[-1].position
                    yield fresh

    async def broadcast_to(self, writer: Writer, wanted: Wanted) -> int:
        """Writes what comes to a connection that has everything up to now; answers up to where, when it falls out."""
        listener = Listener(writer)
        broadcast = self._broadcasts.setdefault(wanted, Broadcast(wanted))
        broadcast.listeners.add(listener)
        try:
            await listener.fell_out.wait()
            return listener.position
        finally:
            broadcast.listeners.discard(listener)
            if not broadcast.listeners and self._broadcasts.get(wanted) is broadcast:
                del self._broadcasts[wanted]

    async def missed(self, after: int, wanted: Wanted) -> AsyncGenerator[list[FeedEvent]]:
        """What is wanted of what came after a position: from memory, or page by page from the log."""
        kept = self.recent(after)
        if kept is not None:
            yield [event for event in kept if wanted(event)]
            return
        while True:
            page = await self._l01.events.list(after=after, limit=PAGE, **wanted.filters)
            found = [_feed_event(event) for event in page["items"]]
            if found:
                after = found[-1].position
                yield [event for event in found if wanted(event)]
            if page["next_cursor"] is None:
                return


def _feed_event(event: Event) -> FeedEvent:
    position = event["position"]
    assert position is not None, "the log is read forwards by position"
    fields: Any = event
    return FeedEvent(
        position, event["event_type"], event["aggregate_type"], event["aggregate_id"], jsonio.encode(fields)
    )
