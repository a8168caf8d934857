"""Typed collections over a backend: the verbs of one resource, and the log."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from agentic.layers.base.operation import Call
from agentic.layers.L01_data_layer.backends.backend import Backend
from agentic.layers.L01_data_layer.models.cursor import GET_CURSOR, LIST_CURSORS, SET_CURSOR, Cursor
from agentic.layers.L01_data_layer.models.event import (
    APPEND_EVENT,
    APPEND_EVENTS,
    EVENT_HEAD,
    EVENT_HISTOGRAM,
    EVENT_KINDS,
    GET_EVENT,
    LIST_EVENTS,
    Event,
    EventKind,
    Histogram,
)
from agentic.layers.L01_data_layer.models.lease import HOLD_LEASE, LIST_LEASES, Lease, LeaseAnswer
from agentic.layers.L01_data_layer.models.resource import Page, Resource

R = TypeVar("R")


def given(query: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that are not none."""
    return {name: value for name, value in query.items() if value is not None}


class Readable(Generic[R]):
    """The records of one resource, to be read."""

    def __init__(self, backend: Backend, resource: Resource[R]) -> None:
        self._backend = backend
        self._operations = resource.operations

    async def get(self, record_id: str | UUID, *, as_of: str | None = None) -> R:
        """One record, as it is or as it was at a time or position."""
        return await self._backend.call(
            self._operations["get"], Call({"id": record_id}, given({"as_of": as_of}))
        )

    async def list(self, **query: Any) -> Page[R]:
        """One page, newest first. Filters as in the API; `limit`, `cursor`, `order`, `total`, `as_of`."""
        return await self._backend.call(self._operations["list"], Call(query=given(query)))

    async def all(self, **query: Any) -> AsyncGenerator[R]:
        """Every record that meets the filters, page by page."""
        cursor: str | None = None
        while True:
            page: Any = await self.list(**query, cursor=cursor)
            for item in page["items"]:
                yield item
            cursor = page["next_cursor"]
            if cursor is None:
                return


class Collection(Readable[R]):
    """The records of one resource."""

    async def create(self, *, idempotency_key: str | None = None, **fields: Any) -> R:
        """A new record. With a key, a repeated call answers what the first one did."""
        return await self._backend.call(self._operations["create"], Call(body=fields, key=idempotency_key))

    async def update(
        self, record_id: str | UUID, changes: Mapping[str, Any], *, expected_version: int | None = None
    ) -> R:
        """The record with `changes`; with a version, only if it still stands there."""
        call = Call({"id": record_id}, body=dict(changes), expected=expected_version)
        return await self._backend.call(self._operations["update"], call)

    async def delete(self, record_id: str | UUID, *, expected_version: int | None = None) -> bool:
        """Deletes a record. True: it was there.

        Raises:
            NotFoundError: it was not.
        """
        await self._backend.call(
            self._operations["delete"], Call({"id": record_id}, expected=expected_version)
        )
        return True


class Events:
    """The log."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def append(
        self,
        event_type: str,
        aggregate_type: str,
        aggregate_id: str | UUID,
        payload: Any,
        *,
        metadata: Mapping[str, Any] | None = None,
        expected_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> Event:
        """Appends a fact; with a version, only if the aggregate stands there. With a key, once."""
        body: dict[str, Any] = {
            "event_type": event_type,
            "aggregate_type": aggregate_type,
            "aggregate_id": aggregate_id,
            "payload": payload,
        }
        if metadata is not None:
            body["metadata"] = dict(metadata)
        if expected_version is not None:
            body["expected_version"] = expected_version
        return await self._backend.call(APPEND_EVENT, Call(body=body, key=idempotency_key))

    async def append_all(self, events: list[Mapping[str, Any]]) -> list[Event]:
        """Appends facts in this order, all or nothing."""
        answer = await self._backend.call(
            APPEND_EVENTS, Call(body={"events": [dict(event) for event in events]})
        )
        return cast("list[Event]", answer["items"])

    async def get(self, event_id: str | UUID) -> Event:
        """One event."""
        return await self._backend.call(GET_EVENT, Call({"id": event_id}))

    async def list(self, **query: Any) -> Page[Event]:
        """One page: forwards with `after`, otherwise backwards from the newest. Filters as in the API."""
        return await self._backend.call(LIST_EVENTS, Call(query=given(query)))

    async def kinds(self, **query: Any) -> list[EventKind]:
        """The kinds of events that there are, each with its count. Filters as in the API."""
        return (await self._backend.call(EVENT_KINDS, Call(query=given(query))))["items"]

    async def histogram(self, **query: Any) -> Histogram:
        """How many events there were over time. Filters as in the API; `buckets`, `since`, `until`."""
        return await self._backend.call(EVENT_HISTOGRAM, Call(query=given(query)))

    async def head(self) -> int:
        """The position of the newest event that has one: to read what is there and then follow from it."""
        return (await self._backend.call(EVENT_HEAD, Call()))["position"]


class Cursors:
    """Bookmarks in the log, by name."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def get(self, name: str) -> Cursor:
        """One bookmark.

        Raises:
            NotFoundError: it was never set.
        """
        return await self._backend.call(GET_CURSOR, Call({"name": name}))

    async def set(self, name: str, position: int, *, onward: bool = False) -> Cursor:
        """Puts a bookmark at a position; with `onward`, unless it stands beyond that already."""
        body = {"position": position, "onward": onward}
        return await self._backend.call(SET_CURSOR, Call({"name": name}, body=body))

    async def list(self, **query: Any) -> Page[Cursor]:
        """One page of bookmarks; `limit`, `cursor`, `order`, `total`."""
        return await self._backend.call(LIST_CURSORS, Call(query=given(query)))


class Leases:
    """Who does what only one process at a time is to do."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def hold(self, name: str, holder: str, seconds: float) -> LeaseAnswer:
        """Takes a lease, or keeps it, for so many seconds from now; `held` says whether it is the asker's. 0 gives it back."""
        call = Call({"name": name}, body={"holder": holder, "seconds": seconds})
        return await self._backend.call(HOLD_LEASE, call)

    async def list(self, **query: Any) -> Page[Lease]:
        """One page of leases; `limit`, `cursor`, `order`, `total`."""
        return await self._backend.call(LIST_LEASES, Call(query=given(query)))
