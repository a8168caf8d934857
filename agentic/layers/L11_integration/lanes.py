"""Order within an aggregate, and nobody held up by another: a lane for each aggregate that something is on its way for.

A lane delivers one event after the other. When one fails, the lane is *held*: that is noted in the data layer, what follows in its
aggregate is passed over, and the log is read on. Once the event is through, or given up, the lane catches up from the log, some
events at a time: the first of them is noted as what the lane is held at before those before it are let go, so that a crash repeats few
and loses none. Memory holds a bounded number of events, whatever waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L11_integration.delivery_notes import Note


@dataclass
class Held:
    """The event that a lane is held at: which, how often it was tried, and when it is tried next (seconds since the epoch)."""

    position: int
    event_id: str
    attempts: int
    first_at: str
    next_at: float


@dataclass
class Lane:
    """One aggregate of a subscriber."""

    aggregate: tuple[str, str]
    coming: deque[FeedEvent] = field(default_factory=deque[FeedEvent])
    held: Held | None = None
    page: deque[Event] = field(default_factory=deque[Event])
    """What it catches up with, from the event on that it is held at."""
    settled: list[Note] = field(default_factory=list[Note])
    """What became of events since it was last noted what the lane is held at."""
    passed_over: int = 0
    """The last position of an event that was passed over, because the lane is held."""
    soon: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is worth trying before its time: the other end is well again."""


class Window:
    """Events that were taken from the log and are not yet done: so many, and so many bytes, at most."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._open: dict[int, int] = {}
        self._bytes = 0
        self.read_to = 0
        """Everything up to here was taken from the log."""

    def __len__(self) -> int:
        return len(self._open)

    @property
    def has_room(self) -> bool:
        """Whether another event may enter."""
        return len(self._open) < self._most and self._bytes < self._most_bytes

    @property
    def done_to(self) -> int:
        """Everything up to here is done."""
        return next(iter(self._open)) - 1 if self._open else self.read_to

    def enter(self, event: FeedEvent) -> None:
        """An event is on its way."""
        self._open[event.position] = len(event.json)
        self._bytes += len(event.json)

    def leave(self, position: int) -> None:
        """It is done, or noted to be done later."""
        self._bytes -= self._open.pop(position, 0)


def lane_of(event: Event | FeedEvent) -> tuple[str, str]:
    """The lane of an event."""
    if isinstance(event, FeedEvent):
        return event.aggregate_type, event.aggregate_id
    return event["aggregate_type"], event["aggregate_id"]
