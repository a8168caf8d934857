"""The narrow thing that `L01Client` stands on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, NamedTuple, Protocol

from agentic.layers.base.operation import Call, Operation


class FeedEvent(NamedTuple):
    """An event: what filters need, and its JSON as published."""

    position: int
    event_type: str
    aggregate_type: str
    aggregate_id: str
    json: bytes


class Backend(Protocol):
    """Carries operations out, and follows the log."""

    async def call(self, operation: Operation, call: Call) -> Any:
        """The answer as JSON-ready Python values; none where there is none.

        Raises:
            PlatformError: the class that the service raised, on either backend.
        """
        ...

    def follow(self, after: int | None, filters: Mapping[str, str]) -> AsyncGenerator[list[FeedEvent]]:
        """Batches of events after a position (none: from now on), for ever; a batch may be empty."""
        ...

    async def close(self) -> None:
        """Lets go of what the backend holds."""
        ...
