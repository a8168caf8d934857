"""An event: an immutable fact."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation, Query
from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Count,
    Id,
    Json,
    JsonObject,
    Kind,
    Moment,
    Name,
    storable,
)
from agentic.layers.L01_data_layer.models.resource import WHOLE, Limit, Page, Truth

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


class EventFilter(Query):
    """Filters of the log. `event_type` may be a name or end in `*`; several are separated by commas."""

    event_type: Annotated[str, Field(max_length=2000), AfterValidator(storable)] | None = None
    aggregate_type: Annotated[str, Field(max_length=100), AfterValidator(storable)] | None = None
    aggregate_id: Id | None = None
    correlation_id: Annotated[str, Field(max_length=256), AfterValidator(storable)] | None = None
    causation_id: Annotated[str, Field(max_length=256), AfterValidator(storable)] | None = None
    since: Moment | None = None
    until: Moment | None = None


class EventQuery(EventFilter):
    """One page of the log: forwards from a position with `after`, without it backwards from the newest."""

    limit: Limit = 100
    cursor: Annotated[str, Field(max_length=200)] | None = None
    after: Annotated[int, Field(ge=0, le=2**53), WHOLE] | None = None
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


class HistogramQuery(EventFilter):
    """How many events there were in each of `buckets` equal spans from `since` (the first event) to `until` (now)."""

    buckets: Annotated[int, Field(ge=1, le=500), WHOLE] = 60


class Histogram(TypedDict):
    """Events by time: `counts` from `since` on, each for `seconds`."""

    since: str
    until: str
    seconds: float
    counts: list[int]
    total: int


class Head(TypedDict):
    """The position of the newest event that has one: 0 before the first."""

    position: int


class Items(TypedDict, Generic[T]):
    """A list that is not paged."""

    items: list[T]


LIST_EVENTS = Operation("event.list", "GET", "/events", query=EventQuery, result=Page[Event])
APPEND_EVENT = Operation(
    "event.append", "POST", "/events", body=EventCreate, result=Event, status=201, repeatable=True
)
APPEND_EVENTS = Operation(
    "event.append_all", "POST", "/events/batch", body=EventBatch, result=Items[Event], status=201
)
EVENT_KINDS = Operation("event.kinds", "GET", "/events/kinds", query=EventFilter, result=Items[EventKind])
EVENT_HISTOGRAM = Operation(
    "event.histogram", "GET", "/events/histogram", query=HistogramQuery, result=Histogram
)
EVENT_HEAD = Operation("event.head", "GET", "/events/head", result=Head)
GET_EVENT = Operation("event.get", "GET", "/events/{id}", result=Event)
