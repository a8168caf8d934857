"""L11: who is told of which events, and where; and what comes in from others as events."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Changes,
    Count,
    JsonObject,
    Name,
    Text,
    Wanted,
    storable,
)
from agentic.layers.L01_data_layer.models.resource import ListQuery, Resource, Truth

SubscriptionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._\-]{1,100}$")]
EventPattern = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(storable)]
SubscriptionKind = Literal["webhook", "stream", "feed", "run", "tool", "plan"]
"""`webhook`: an address is posted to. `stream`: a Redis stream is added to. `feed`: somebody reads server-sent events.
The others are rules: an agent is run, a tool is called."""
Form = Literal["event", "cloudevent"]
Scheme = Literal["standard", "github"]
"""How a caller signs: as Standard Webhooks say, or as GitHub does."""


class SubscriptionCreate(Body):
    """A new subscription. What `target` must have depends on the kind, and is the integration layer's to check."""

    name: SubscriptionName
    kind: SubscriptionKind
    event_type: EventPattern
    filter: JsonObject = {}
    target: JsonObject = {}
    form: Form = "event"
    enabled: bool = True


class SubscriptionUpdate(Changes):
    """What may change in a subscription. Its name and kind may not: its place in the log belongs to them."""

    event_type: EventPattern = ""
    filter: JsonObject = {}
    target: JsonObject = {}
    form: Form = "event"
    enabled: bool = True
    reason: Annotated[Text, Field(max_length=2000)] | None = None
    generation: Annotated[Count, Field(ge=1)] = 1


class SubscriptionQuery(ListQuery):
    """Filters of the list of subscriptions."""

    name: Wanted | None = None
    kind: Wanted | None = None
    enabled: Truth | None = None


class Subscription(TypedDict):
    """A subscription as stored. `reason` says why it is off; `generation` counts how often it was begun, by replays too."""

    id: str
    name: str
    kind: str
    event_type: str
    filter: dict[str, Any]
    target: dict[str, Any]
    form: str
    enabled: bool
    reason: str | None
    generation: int
    created_at: str
    updated_at: str
    version: int


class HookCreate(Body):
    """A new address at which others tell us something; what they tell becomes an event of this type."""

    name: SubscriptionName
    event_type: Name = "hook.received"
    scheme: Scheme = "standard"
    enabled: bool = True


class HookUpdate(Changes):
    """What may change in a hook."""

    event_type: Name = ""
    scheme: Scheme = "standard"
    enabled: bool = True


class HookQuery(ListQuery):
    """Filters of the list of hooks."""

    name: Wanted | None = None


class Hook(TypedDict):
    """A hook as stored."""

    id: str
    name: str
    event_type: str
    scheme: str
    enabled: bool
    created_at: str
    updated_at: str
    version: int


SUBSCRIPTIONS = Resource(
    "subscription",
    "/subscriptions",
    SubscriptionCreate,
    SubscriptionQuery,
    Subscription,
    SubscriptionUpdate,
)
HOOKS = Resource("hook", "/hooks", HookCreate, HookQuery, Hook, HookUpdate)
