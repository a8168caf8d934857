"""Typed collections of what the integration layer keeps beside the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentic.layers.base.operation import Call
from agentic.layers.L01_data_layer.backends.backend import Backend
from agentic.layers.L01_data_layer.collection import given
from agentic.layers.L01_data_layer.models.bus_stream import ADD_TO_STREAM, StreamAdded
from agentic.layers.L01_data_layer.models.delivery import (
    FORGET_DELIVERIES,
    LIST_DELIVERIES,
    NOTE_DELIVERIES,
    Delivery,
)
from agentic.layers.L01_data_layer.models.resource import Page
from agentic.layers.L01_data_layer.models.signing_secret import GET_SECRET, SET_SECRET, SigningSecret


class Deliveries:
    """What became of events at subscribers."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def note(self, items: Sequence[Mapping[str, Any]]) -> int:
        """Writes notes together; a later one of the same subscriber and position replaces an earlier."""
        body = {"items": [dict(item) for item in items]}
        return (await self._backend.call(NOTE_DELIVERIES, Call(body=body)))["count"]

    async def list(self, subscriber: str, **query: Any) -> Page[Delivery]:
        """One page of a subscriber's, the newest first. `status`; paging as everywhere."""
        return await self._backend.call(
            LIST_DELIVERIES, Call(query={"subscriber": subscriber, **given(query)})
        )

    async def forget(self, subscriber: str, after: int = 0) -> int:
        """Forgets those after a position."""
        body = {"subscriber": subscriber, "after": after}
        return (await self._backend.call(FORGET_DELIVERIES, Call(body=body)))["count"]


class SigningSecrets:
    """What messages are signed with, by owner."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def get(self, owner: str) -> SigningSecret:
        """The secret of an owner.

        Raises:
            NotFoundError: it has none.
        """
        return await self._backend.call(GET_SECRET, Call({"owner": owner}))

    async def set(self, owner: str, secret: str, **how: Any) -> SigningSecret:
        """Gives an owner a secret. `overlap`: seconds for which the one before stays valid; `first`: only if there is none."""
        return await self._backend.call(SET_SECRET, Call({"owner": owner}, body={"secret": secret, **how}))


class Streams:
    """Redis streams for programs of others."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def add(self, stream: str, entries: Sequence[Mapping[str, Any]], **how: Any) -> StreamAdded:
        """Adds entries (`generation`, `position`, `event`) that the stream does not have. `keep`: about so many stay.

        Raises:
            BusUnavailableError: some of them may not be there; add them again.
        """
        body = {"entries": [dict(entry) for entry in entries], **how}
        return await self._backend.call(ADD_TO_STREAM, Call({"stream": stream}, body=body))
