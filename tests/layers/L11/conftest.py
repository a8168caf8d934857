"""An integration layer over a running data layer, and subscribers that remember."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L11_integration import models
from agentic.layers.L11_integration.client import L11Client
from agentic.layers.L11_integration.layer import Integration
from agentic.layers.L11_integration.router import EventRouter
from agentic.layers.L11_integration.settings import L11Settings
from tests.kit.log import settled

PATIENCE = 20.0

EAGER = L11Settings(attempts=3, first_pause=0, longest_pause=0, save_every=10, save_within=0)


class Recorder:
    """A handler that remembers what it took, and does before that whatever it is told to."""

    def __init__(self, before: Callable[[Event], Any] | None = None) -> None:
        self.events: list[Event] = []
        self._before = before
        self._came = asyncio.Condition()

    async def __call__(self, event: Event) -> None:
        if self._before is not None and (result := self._before(event)) is not None:
            await result
        async with self._came:
            self.events.append(event)
            self._came.notify_all()

    async def until(self, count: int) -> list[Event]:
        """What came, once there are `count` of them."""
        async with asyncio.timeout(PATIENCE), self._came:
            await self._came.wait_for(lambda: len(self.events) >= count)
        return self.events

    @property
    def numbers(self) -> list[Any]:
        """What the events say that they are."""
        return [event["payload"] for event in self.events]


async def eventually(true: Callable[[], Any]) -> None:
    """Returns when it is: for what can only be looked at."""
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.005)


async def publish(l01: L01Client, *payloads: Any, event_type: str = "agent.told") -> list[Event]:
    """One event for each payload, in this order."""
    aggregate = str(uuid4())
    facts = [
        {"event_type": event_type, "aggregate_type": "test", "aggregate_id": aggregate, "payload": payload}
        for payload in payloads
    ]
    return await l01.events.append_all(facts)


@pytest.fixture
def make_router(l01_local: L01Client) -> Callable[..., EventRouter]:
    """A router that tries without pauses and saves at once, unless told otherwise."""

    def make(**settings: Any) -> EventRouter:
        return EventRouter(lambda: l01_local, EAGER.model_copy(update=settings))

    return make


@pytest.fixture
async def router(make_router: Callable[..., EventRouter]) -> AsyncGenerator[EventRouter]:
    """A running router without subscriptions."""
    router = make_router()
    async with router.running():
        yield router


IMPATIENT = EAGER.model_copy(
    update={
        "outgoing_allow": ["127.0.0.1"],
        "webhook_first_pause": 0.01,
        "webhook_longest_pause": 0.01,
        "webhook_longest_probe": 0.02,
        "webhook_limit": 5,
        "look_every": 3600,
    }
)
"""A layer that may post to this machine, and waits for nothing."""


@asynccontextmanager
async def integration_over(l01: L01Client, *clients: object, **settings: Any) -> AsyncGenerator[Integration]:
    """A running layer; another one over the same data layer is what a restart finds."""
    context = Context()
    for client in (l01, *clients):
        context.give(client)
    layer = Integration(context, IMPATIENT.model_copy(update=settings))
    async with layer.running():
        yield layer


@pytest.fixture
async def integrated(l01_local: L01Client) -> AsyncGenerator[Integration]:
    """A running integration layer."""
    async with integration_over(l01_local) as layer:
        yield layer


@pytest.fixture
def l11(integrated: Integration) -> L11Client:
    """A client of it."""
    return integrated.local_client()


async def caught_up(l01: L01Client, l11: L11Client, name: str) -> models.Subscription:
    """A subscription, once it has done all that there is."""
    async with asyncio.timeout(PATIENCE):
        await settled(l01)
        while (seen := await l11.subscription(name))["position"] != await l01.events.head() or seen["held"]:
            await asyncio.sleep(0.005)
    return seen
