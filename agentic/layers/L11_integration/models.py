"""What the integration layer tells about itself."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation

Status = Literal["starting", "following", "retrying", "waiting", "stopped"]
"""`retrying`: its handler failed. `waiting`: the data layer cannot be reached."""


class EventReference(TypedDict):
    """Which event: enough to read it from the log again, now or in a year."""

    id: str
    position: int | None
    event_type: str
    aggregate_type: str
    aggregate_id: str
    created_at: str


class Failure(TypedDict):
    """What went wrong last, at which event, and when. It stays when all is well again."""

    error: str
    position: int | None
    at: str


class Notified(TypedDict):
    """What a category of the platform's own subscribers was told since the process started."""

    count: int
    kinds: dict[str, int]
    last_event: EventReference | None


class Subscription(TypedDict):
    """How far a subscriber has come, and how it fares. Counts are since the process started."""

    name: str
    pattern: str
    status: Status
    position: int | None
    lag: int | None
    attempts: int
    delivered: int
    parked: int
    last_error: Failure | None
    notified: Notified | None


class Subscriptions(TypedDict):
    """Every subscription."""

    items: list[Subscription]


LIST_SUBSCRIPTIONS = Operation("subscription.list", "GET", "/subscriptions", result=Subscriptions)
GET_SUBSCRIPTION = Operation("subscription.get", "GET", "/subscriptions/{name}", result=Subscription)
