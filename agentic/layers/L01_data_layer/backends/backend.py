"""The narrow thing that `L01Client` stands on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import NamedTuple, Protocol

import msgspec

from agentic.layers.base import backends
from agentic.layers.L01_data_layer.models.run import LiveText


class FeedEvent(NamedTuple):
    """An event: what filters need, and its JSON as published."""

    position: int
    event_type: str
    aggregate_type: str
    aggregate_id: str
    json: bytes


class _Head(msgspec.Struct):
    position: int
    event_type: str
    aggregate_type: str
    aggregate_id: str


_decode_head = msgspec.json.Decoder(_Head).decode


def feed_event(message: bytes) -> FeedEvent:
    """An event from its JSON.

    Raises:
        msgspec.MsgspecError: this is none.
    """
    head = _decode_head(message)
    return FeedEvent(head.position, head.event_type, head.aggregate_type, head.aggregate_id, message)


class Backend(backends.Backend, Protocol):
    """Carries operations out, follows the log, and listens to runs."""

    def follow(self, after: int | None, filters: Mapping[str, str]) -> AsyncGenerator[list[FeedEvent]]:
        """Batches of events after a position (none: from now on), until the layer stops; a batch may be empty."""
        ...

    def listen(self, run_id: str) -> AsyncGenerator[LiveText]:
        """What is told of a run from now on, until the layer stops."""
        ...
