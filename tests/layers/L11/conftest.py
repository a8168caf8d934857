"""An integration layer over a running data layer, and subscribers that remember."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any
from uuid import uuid4

import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L11_integration.router import EventRouter
from agentic.layers.L11_integration.settings import L11Settings

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
