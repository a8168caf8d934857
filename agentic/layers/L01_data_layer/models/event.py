"""An event: an immutable fact."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation, Query
from agentic.layers.L01_data_layer.models.fields import Body, Count, Id, Json, JsonObject, Kind, Moment, Name
from agentic.layers.L01_data_layer.models.resource import Page, Truth, WholeNumber

T = TypeVar("T")


class EventCreate(Body):
    """A fact to append; with `expected_version` only if the aggregate stands there."""

    event_type: Name
    aggregate_type: Kind
    aggregate_id: Id
    payload: Json
    metadata: JsonObject = {}
    expected_version: Count | None = None


class EventBatch(Body):
    """Facts to append together, all or nothing, in this order."""

    events: Annotated[list[EventCreate], Field(min_length=1, max_length=1000)]


class EventQuery(Query):
    """Filters of the log. With `after` it is read forwards from that position, without it backwards from the newest.

    `event_type` may be a name or end in `*`; several are separated by commas.
    """

    limit: Annotated[WholeNumber, Field(ge=1, le=1000)] = 100
    cursor: Annotated[str, Field(max_length=200)] | None = None
    after: Annotated[WholeNumber, Field(ge=0, le=2**62)] | None = None
    event_type: Annotated[str, Field(max_length=2000)] | None = None
    aggregate_type: Annotated[str, Field(max_length=100)] | None = None
    aggregate_id: Id | None = None
    since: Moment | None = None
    until: Moment | None = None
    total: Truth = False


class Event(TypedDict):
    """An event as stored and as published on `l01:events`."""

    id: str
    event_type: str
    aggregate_type: str
    aggregate_id: str
    payload: Any
    metadata: dict[str, Any]
    created_at: str
    version: int
    position: int | None


class EventKind(TypedDict):
    """One kind of event, and how many there are."""

    event_type: str
    aggregate_type: str
    count: int


class Head(TypedDict):
    """The position of the newest event that has one: 0 before the first."""

    position: int


class Items(TypedDict, Generic[T]):
    """A list that is not paged."""

    items: list[T]


LIST_EVENTS = Operation("event.list", "GET", "/events", query=EventQuery, result=Page[Event])
APPEND_EVENT = Operation("event.append", "POST", "/events", body=EventCreate, result=Event, status=201)
APPEND_EVENTS = Operation(
    "event.append_all", "POST", "/events/batch", body=EventBatch, result=Items[Event], status=201
)
EVENT_KINDS = Operation("event.kinds", "GET", "/events/kinds", result=Items[EventKind])
EVENT_HEAD = Operation("event.head", "GET", "/events/head", result=Head)
GET_EVENT = Operation("event.get", "GET", "/events/{id}", result=Event)
