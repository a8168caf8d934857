"""What the integration layer takes and tells: subscriptions, their deliveries, hooks of others, the layers as services."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.cursor import CursorSet
from agentic.layers.L01_data_layer.models.delivery import Delivery, DeliveryStatus
from agentic.layers.L01_data_layer.models.fields import Body, Moment
from agentic.layers.L01_data_layer.models.resource import Page, Paging
from agentic.layers.L01_data_layer.models.signing_secret import A_DAY
from agentic.layers.L01_data_layer.models.subscription import (
    HOOKS,
    Hook,
    HookCreate,
    HookUpdate,
    SubscriptionCreate,
    SubscriptionUpdate,
)
from agentic.layers.L01_data_layer.models.subscription import Subscription as Stored

Status = Literal["starting", "following", "retrying", "waiting", "stopped", "paused", "failing", "elsewhere"]
"""`retrying`: an attempt failed. `waiting`: the data layer, or the layer that acts, cannot be reached. `paused`: switched off, and
`reason` says by what. `failing`: nothing is taken any more at the other end, so that only one event is tried now and then.
`elsewhere`: it is not this process's turn to deliver (record 0042); whose it is knows how it fares."""


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
    """How far a subscriber has come, and how it fares. Counts are since the process started.

    `kind` is `handler` for the platform's own, which are code; all others are stored, and have an `id`. `held` counts the aggregates
    whose events wait behind one that is tried again.
    """

    id: str | None
    name: str
    kind: str
    pattern: str
    filter: dict[str, Any]
    target: dict[str, Any]
    form: str
    enabled: bool
    reason: str | None
    status: Status
    position: int | None
    lag: int | None
    attempts: int
    delivered: int
    parked: int
    held: int
    last_error: Failure | None
    notified: Notified | None


class Subscriptions(TypedDict):
    """Every subscription."""

    items: list[Subscription]


class NewSubscription(TypedDict):
    """A subscription as stored and, for a webhook, the secret that its messages are signed with. It is shown by this answer alone."""

    subscription: Stored
    secret: str | None


class NewHook(TypedDict):
    """A hook as stored, where it is called, and the secret that callers sign with. The secret is shown by this answer alone."""

    hook: Hook
    path: str
    secret: str


class SubscriptionMade(SubscriptionCreate):
    """A new subscription. It begins with what comes next, or after `after`: 0 is the first event that there ever was."""

    after: Annotated[int, Field(ge=0, le=2**53)] | None = None


class HookMade(HookCreate):
    """A new hook; with the secret that the other side has given, or one that is made here."""

    secret: Annotated[str, Field(min_length=8, max_length=500)] | None = None


class SecretRotation(Body):
    """A new secret: given, or made here. The one before stays valid for `overlap` seconds, and messages are signed with both."""

    secret: Annotated[str, Field(min_length=8, max_length=500)] | None = None
    overlap: Annotated[int, Field(ge=0, le=30 * A_DAY)] = A_DAY


class NewSecret(TypedDict):
    """A secret, shown by this answer alone."""

    secret: str
    previous_until: str | None


class Replay(Body):
    """From where events are to come again: after a `position`, or from a `time` on; `position` alone goes before."""

    position: Annotated[int, Field(ge=0, le=2**53)] | None = None
    time: Moment | None = None


class DeliveriesAsked(Paging):
    """Which deliveries of a subscription: in one state or any."""

    status: DeliveryStatus | None = None


class Place(TypedDict):
    """Where a subscription stands in the log."""

    name: str
    position: int


class Received(TypedDict):
    """The event that a message of somebody else's became."""

    event_id: str
    event_type: str


class Service(TypedDict):
    """A layer as a service: how it fares since when, and whether it is asked at the moment (`breaker`: closed, open, half-open)."""

    id: str
    status: str
    breaker: str
    since: str | None
    latency_ms: float | None
    asked: int
    failed: int
    checks: dict[str, Any]


class Services(TypedDict):
    """Every layer."""

    items: list[Service]


_ONE = "/subscriptions/{name}"
_LETTER = f"{_ONE}/dead-letters/{{position}}"

LIST_SUBSCRIPTIONS = Operation("subscription.list", "GET", "/subscriptions", result=Subscriptions)
GET_SUBSCRIPTION = Operation("subscription.get", "GET", _ONE, result=Subscription)
SUBSCRIBE = Operation(
    "subscription.create",
    "POST",
    "/subscriptions",
    body=SubscriptionMade,
    result=NewSubscription,
    status=201,
)
CHANGE_SUBSCRIPTION = Operation(
    "subscription.update", "PATCH", _ONE, body=SubscriptionUpdate, result=Stored, conditional=True
)
UNSUBSCRIBE = Operation("subscription.delete", "DELETE", _ONE, status=204)
PAUSE = Operation("subscription.pause", "POST", f"{_ONE}/pause", result=Stored)
RESUME = Operation("subscription.resume", "POST", f"{_ONE}/resume", result=Stored)
REPLAY = Operation("subscription.replay", "POST", f"{_ONE}/replay", body=Replay, result=Place)
ACKNOWLEDGE = Operation("subscription.acknowledge", "POST", f"{_ONE}/cursor", body=CursorSet, result=Place)
ROTATE = Operation("subscription.rotate", "POST", f"{_ONE}/secret", body=SecretRotation, result=NewSecret)
DELIVERIES = Operation(
    "subscription.deliveries", "GET", f"{_ONE}/deliveries", query=DeliveriesAsked, result=Page[Delivery]
)
DEAD_LETTERS = Operation(
    "subscription.dead_letters", "GET", f"{_ONE}/dead-letters", query=Paging, result=Page[Delivery]
)
RETRY_LETTER = Operation("subscription.retry_letter", "POST", f"{_LETTER}/retry", result=Delivery)
DROP_LETTER = Operation("subscription.drop_letter", "DELETE", _LETTER, status=204)

LIST_HOOKS = Operation("hook.list", "GET", "/incoming", query=HOOKS.filters, result=Page[Hook])
MAKE_HOOK = Operation("hook.create", "POST", "/incoming", body=HookMade, result=NewHook, status=201)
GET_HOOK = Operation("hook.get", "GET", "/incoming/{name}", result=Hook)
CHANGE_HOOK = Operation("hook.update", "PATCH", "/incoming/{name}", body=HookUpdate, result=Hook)
DELETE_HOOK = Operation("hook.delete", "DELETE", "/incoming/{name}", status=204)
ROTATE_HOOK = Operation(
    "hook.rotate", "POST", "/incoming/{name}/secret", body=SecretRotation, result=NewSecret
)
LIST_SERVICES = Operation("service.list", "GET", "/services", result=Services)
