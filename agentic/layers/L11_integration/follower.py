"""What every subscriber that is told has in common: it follows the log by itself, from its cursor on, through every break."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from agentic.layers.base.background import Work
from agentic.layers.base.ids import timestamp
from agentic.layers.L01_data_layer.client import FeedEvent, L01Client, event_of
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L11_integration.cursor import Cursor
from agentic.layers.L11_integration.filters import Filter
from agentic.layers.L11_integration.models import EventReference, Failure, Status
from agentic.layers.L11_integration.pattern import Pattern

AGAIN: Final = 0.5
"""Seconds until a log that ended, because the data layer stopped, is followed again."""
LONGEST_ERROR: Final = 2000


@dataclass(frozen=True)
class Wanted:
    """Which events a subscriber wants: types that match, and then what the filter says."""

    pattern: Pattern
    filter: Filter

    def __call__(self, event: FeedEvent) -> bool:
        """True when it is one of them."""
        return self.pattern(event.event_type) and (not self.filter or self.filter(event_of(event)))


class Subscriber(ABC):
    """A name, what it wants, its place in the log, and how it fares."""

    def __init__(
        self, name: str, wanted: Wanted, *, client: Callable[[], L01Client], cursor: Cursor, subscriber: str
    ) -> None:
        self.name = name
        self.wanted = wanted
        self.cursor = cursor
        self.subscriber = subscriber
        """What its deliveries are kept under."""
        self.status: Status = "starting"
        self.attempts = 0
        self.delivered = 0
        self.parked = 0
        self.last_error: Failure | None = None
        self._client = client

    @property
    def held(self) -> int:
        """How many aggregates wait behind an event that is tried again."""
        return 0

    @abstractmethod
    async def run(self) -> None:
        """What it does for as long as it is there. Runs until it is cancelled."""

    @abstractmethod
    async def again(self, event: Event) -> None:
        """Delivers one event by itself, because a person wants it.

        Raises:
            Exception: it was not taken.
        """

    def works(self) -> Mapping[str, Work]:
        """The coroutines that are this subscriber, by name."""
        return {f"subscription {self.name}": self.run, f"cursor of {self.name}": self.cursor.run}

    def failed(self, error: BaseException | str, position: int | None) -> None:
        """Notes what went wrong last."""
        text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        text = text[:LONGEST_ERROR].replace("\0", "").encode(errors="replace").decode()
        self.last_error = {"error": text, "position": position, "at": timestamp()}


class Follower(Subscriber):
    """A subscriber that is told. Subclasses say what is done with an event."""

    async def run(self) -> None:
        """Delivers what comes, from the cursor on. Runs until it is cancelled, or the data layer fails."""
        try:
            position = await self.cursor.load()
            await self.begin()
            while True:
                await self._follow(position)
                self.status = "waiting"
                await asyncio.sleep(AGAIN)
                position = self.read_to
        except Exception as error:
            self.status = "waiting"
            self.failed(error, None)
            raise

    async def begin(self) -> None:
        """What is done once before the log is followed. Nothing, unless a subclass has something."""

    @property
    def read_to(self) -> int:
        """Up to where events were taken from the log."""
        return self.cursor.position or 0

    async def _follow(self, position: int) -> None:
        """Ends when the data layer stops."""
        async with aclosing(self._client().follow(position)) as batches:
            self.status = "following"
            async for batch in batches:
                for event in batch:
                    await self.take(event)

    @abstractmethod
    async def take(self, event: FeedEvent) -> None:
        """The next event of the log, wanted or not. The one after it comes when this returns."""


def reference(event: Event) -> EventReference:
    """What is needed to find an event again."""
    return {
        "id": event["id"],
        "position": event["position"],
        "event_type": event["event_type"],
        "aggregate_type": event["aggregate_type"],
        "aggregate_id": event["aggregate_id"],
        "created_at": event["created_at"],
    }
