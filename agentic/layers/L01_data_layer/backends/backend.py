"""The narrow thing that `L01Client` stands on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import NamedTuple, Protocol

from agentic.layers.base import backends


class FeedEvent(NamedTuple):
    """An event: what filters need, and its JSON as published."""

    position: int
    event_type: str
    aggregate_type: str
    aggregate_id: str
    json: bytes


class Backend(backends.Backend, Protocol):
    """Carries operations out, and follows the log."""

    def follow(self, after: int | None, filters: Mapping[str, str]) -> AsyncGenerator[list[FeedEvent]]:
        """Batches of events after a position (none: from now on), for ever; a batch may be empty."""
        ...
