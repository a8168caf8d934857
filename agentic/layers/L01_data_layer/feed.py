"""Live events for readers in this process: handed over by the relay beside it, or read from the log when the bus wakes it.

Positions are dense, so a gap is seen the moment it is there, and what is missing is fetched from the log. Redis being
down makes the feed slower where another process leads, never wrong.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final
from uuid import UUID

import structlog

from agentic.layers.base.background import goes_on
from agentic.layers.base.common_errors import BusUnavailableError
from agentic.layers.L01_data_layer.backends.backend import FeedEvent, feed_event
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.redis_client import CHANNEL, TOLD, Bus
from agentic.layers.L01_data_layer.relay import RENDER, Placed

log = structlog.get_logger()

PAGE: Final = 500
BUFFER: Final = 2000
BUFFER_BYTES: Final = 16 * 1024 * 1024
POLL: Final = 0.5
NET: Final = 5.0
AGAIN: Final = 0.5

READ = f"SELECT position, {RENDER} AS message FROM events WHERE position > $1 ORDER BY position LIMIT {PAGE}"
HEAD = "SELECT position FROM relay WHERE id = 1"


class Filter:
    """Which events a reader wants: types by name or prefix (`agent.*`), and one aggregate."""

    def __init__(
        self,
        event_type: str | None = None,
        aggregate_type: str | None = None,
        aggregate_id: str | UUID | None = None,
    ) -> None:
        names = [name.strip() for name in (event_type or "").split(",") if name.strip()]
        self._names = frozenset(name for name in names if not name.endswith("*"))
        self._prefixes = tuple(name[:-1] for name in names if name.endswith("*"))
        self._any_type = not names
        self._aggregate_type = aggregate_type
        self._aggregate_id = str(aggregate_id) if aggregate_id is not None else None

    def __call__(self, event: FeedEvent) -> bool:
        """True when the reader wants `event`."""
        if self._aggregate_id is not None and event.aggregate_id != self._aggregate_id:
            return False
        if self._aggregate_type is not None and event.aggregate_type != self._aggregate_type:
            return False
        return (
            self._any_type or event.event_type in self._names or event.event_type.startswith(self._prefixes)
        )


class _Reader:
    """One reader's buffer. A full one is emptied and marked: its reader goes back to the log."""

    def __init__(self) -> None:
        self.events: deque[FeedEvent] = deque()
        self.size = 0
        self.behind = False
        self.ready = asyncio.Event()

    def offer(self, events: list[FeedEvent], size: int) -> None:
        if len(self.events) + len(events) > BUFFER or self.size + size > BUFFER_BYTES:
            self.look_at_log()
        if not self.behind:
            self.events.extend(events)
            self.size += size
        self.ready.set()

    def look_at_log(self) -> None:
        self._empty()
        self.behind = True
        self.ready.set()

    def take(self) -> list[FeedEvent]:
        taken = list(self.events)
        self._empty()
        self.ready.clear()
        return taken

    def _empty(self) -> None:
        self.events.clear()
        self.size = 0


class EventFeed:
    """One source of news, many readers, each from its own position."""

    def __init__(self, database: Database, bus: Bus, elsewhere: asyncio.Event) -> None:
        self._database = database
        self._bus = bus
        self._elsewhere = elsewhere
        self._readers: set[_Reader] = set()
        self._wake = asyncio.Event()
        self._position = 0
        self._ended = False
        self._subscribed = False

    @property
    def connected(self) -> bool:
        """True while news come by themselves: from the relay of this process, or on the bus from another's."""
        return self._subscribed or not self._elsewhere.is_set()

    def hand_over(self, placed: list[Placed]) -> None:
        """Takes what the relay of this process placed."""
        if placed[0][0] == self._position + 1:
            self._position = placed[-1][0]
            if self._readers:
                self._offer([feed_event(message) for _, message in placed])
        else:
            self._wake.set()

    async def run(self) -> None:
        """Follows the log for as long as there are readers to serve. Runs until it is cancelled."""
        self._ended = False
        self._position = await self.head()
        for reader in self._readers:
            reader.look_at_log()  # what was placed before this is offered to nobody
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._catch_up())

    def end(self) -> None:
        """Ends every reader at its next step: the layer stops, and whoever follows comes back to the next start."""
        self._ended = True
        for reader in self._readers:
            reader.ready.set()

    async def head(self) -> int:
        """The last position given."""
        row = await self._database.fetchrow(HEAD)
        return row[0] if row else 0

    async def _listen(self) -> None:
        # Only that something was published is taken from the bus: a channel belongs to a whole Redis server, and what
        # another platform publishes there must not pass for an event of this log.
        while goes_on():
            await self._elsewhere.wait()
            try:
                async with aclosing(self._bus.subscribe(CHANNEL)) as messages:
                    async for message in messages:
                        self._subscribed = True
                        if message is None or not message.startswith(TOLD):
                            self._wake.set()
                        if not self._elsewhere.is_set() or not goes_on():
                            break
            except BusUnavailableError as error:
                log.warning("the feed reads the log until the bus is back", error=str(error))
            finally:
                self._subscribed = False
            await asyncio.sleep(AGAIN)

    async def _catch_up(self) -> None:
        while True:
            try:
                async with asyncio.timeout(NET if self.connected else POLL):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                await self._read_log()
            except Exception as error:
                log.warning("the feed cannot read the log", error=str(error))
                await asyncio.sleep(AGAIN)
                self._wake.set()

    async def _read_log(self) -> None:
        while rows := await self._database.fetch(READ, self._position):
            # While this waited, the relay may have moved the position on.
            fresh = [feed_event(row["message"]) for row in rows if row["position"] > self._position]
            if fresh:
                self._position = fresh[-1].position
                self._offer(fresh)
            if len(rows) < PAGE:
                return

    def _offer(self, events: list[FeedEvent]) -> None:
        size = sum(len(event.json) for event in events)
        for reader in self._readers:
            reader.offer(events, size)

    async def follow(self, after: int | None, wanted: Filter) -> AsyncGenerator[list[FeedEvent]]:
        """Batches of wanted events after a position (none: from now on), until the layer stops.

        An empty batch means: everything up to now was looked at. A reader that is slower than its buffer is served from
        the log again; it costs nobody else anything.
        """
        reader = _Reader()
        self._readers.add(reader)
        try:
            position = await self.head() if after is None else after
            behind = True
            while not self._ended:
                if behind:
                    reader.take()
                    reader.behind = False
                    async for batch in self._from_log(position):
                        position = batch[-1].position
                        yield [event for event in batch if wanted(event)]
                    behind = False
                    continue
                await reader.ready.wait()
                behind = reader.behind
                batch = [event for event in reader.take() if event.position > position]
                if batch and not behind:
                    behind = batch[0].position != position + 1
                if batch and not behind:
                    position = batch[-1].position
                    yield [event for event in batch if wanted(event)]
        finally:
            self._readers.discard(reader)

    async def _from_log(self, position: int) -> AsyncGenerator[list[FeedEvent]]:
        while rows := await self._database.fetch(READ, position):
            batch = [feed_event(row["message"]) for row in rows]
            position = batch[-1].position
            yield batch
            if len(rows) < PAGE:
                return
