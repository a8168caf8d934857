"""L11: what became of an event at a subscriber. Kept beside the log and not in it (docs/decisions/0040)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.cursor import CursorName
from agentic.layers.L01_data_layer.models.event_stream import Position
from agentic.layers.L01_data_layer.models.fields import Body, Count, Id, Kind, Moment, Name, Text
from agentic.layers.L01_data_layer.models.resource import Page, Paging

DeliveryStatus = Literal["delivered", "retrying", "dead", "dropped"]
"""`retrying` holds back what follows in its aggregate; `dead` was given up; `dropped`: by a person, for good."""


class DeliveryNote(Body):
    """What became of one event at one subscriber; a later note of the same two replaces it."""

    subscriber: CursorName
    position: Annotated[int, Field(ge=1, le=2**53)]
    event_id: Id
    event_type: Name
    aggregate_type: Kind
    aggregate_id: Id
    status: DeliveryStatus
    attempts: Count
    code: Count | None = None
    duration_ms: Count | None = None
    error: Annotated[Text, Field(max_length=2000)] | None = None
    first_at: Moment
    next_at: Moment | None = None


class DeliveryNotes(Body):
    """Notes that are written together."""

    items: Annotated[list[DeliveryNote], Field(min_length=1, max_length=1000)]


class DeliveryQuery(Paging):
    """Which notes: of one subscriber, in one state or any, by position; or of one event alone."""

    subscriber: CursorName
    status: DeliveryStatus | None = None
    position: Position | None = None


class DeliveriesForgotten(Body):
    """Forgets the notes of a subscriber after a position: these events come again."""

    subscriber: CursorName
    after: Position = 0


class Delivery(TypedDict):
    """What became of an event. `attempts` counts all; code, duration and error are those of the last."""

    subscriber: str
    position: int
    event_id: str
    event_type: str
    aggregate_type: str
    aggregate_id: str
    status: DeliveryStatus
    attempts: int
    code: int | None
    duration_ms: int | None
    error: str | None
    first_at: str
    next_at: str | None
    updated_at: str


class Noted(TypedDict):
    """How many notes were written, or forgotten."""

    count: int


NOTE_DELIVERIES = Operation("delivery.note", "POST", "/deliveries", body=DeliveryNotes, result=Noted)
LIST_DELIVERIES = Operation("delivery.list", "GET", "/deliveries", query=DeliveryQuery, result=Page[Delivery])
FORGET_DELIVERIES = Operation(
    "delivery.forget", "POST", "/deliveries/forget", body=DeliveriesForgotten, result=Noted
)
