"""The subscriptions that are stored, kept running as they are: whoever changes one, in whatever process, it is heard in the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

import structlog

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.subscription import Subscription as Stored
from agentic.layers.L11_integration.follower import Subscriber
from agentic.layers.L11_integration.router import EventRouter

log = structlog.get_logger()

ROTATED: Final = "subscription.secret_rotated"
_CHANGES: Final = frozenset(("subscription.created", "subscription.updated", "subscription.deleted", ROTATED))
AGAIN: Final = 0.5
FEED: Final = "feed"


class StoredSubscriptions:
    """What is stored, and what runs of it here."""

    def __init__(
        self, client: Callable[[], L01Client], router: EventRouter, make: Callable[[Stored], Subscriber]
    ) -> None:
        self.records: dict[str, Stored] = {}
        """By name."""
        self.delivers = False
        """Whether it is this process's turn (`turn.py`). Feeds are read wherever their readers come."""
        self._client = client
        self._router = router
        self._make = make
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Brings what runs up to what is stored, and then follows its changes. Runs until it is cancelled."""
        while True:
            head = await self._client().events.head()
            await self._load()
            async with aclosing(self._client().follow(head, event_type="subscription.*")) as batches:
                async for batch in batches:
                    for event in batch:
                        if event.event_type in _CHANGES:
                            await self.refresh(event.aggregate_id, anew=event.event_type == ROTATED)
            await asyncio.sleep(AGAIN)

    async def _load(self) -> None:
        stored = [each async for each in self._client().subscriptions.all()]
        gone = {each["id"] for each in self.records.values()} - {each["id"] for each in stored}
        for subscription_id in gone:
            await self.refresh(subscription_id)
        for each in stored:
            await self._apply(each)

    async def refresh(self, subscription_id: str, *, anew: bool = False) -> None:
        """Brings one up to what is stored of it; `anew` begins it again although it is the same."""
        try:
            stored = await self._client().subscriptions.get(subscription_id)
        except NotFoundError:
            await self._forget(subscription_id)
        else:
            await self._apply(stored, anew=anew)

    async def _apply(self, stored: Stored, *, anew: bool = False) -> None:
        async with self._lock:
            known = self.records.get(stored["name"])
            if known is not None and known["version"] >= stored["version"] and not anew:
                return
            await self._end(stored["name"])
            self.records[stored["name"]] = stored
            self._begin(stored)

    def _begin(self, stored: Stored) -> None:
        if not stored["enabled"] or not (self.delivers or stored["kind"] == FEED):
            return
        try:
            self._router.add(self._make(stored))
        except PlatformError as error:
            log.error("a subscription cannot be begun", name=stored["name"], error=str(error))

    async def take_turn(self, delivers: bool) -> None:
        """Begins to deliver what is stored, or ends it."""
        async with self._lock:
            self.delivers = delivers
            bound = [stored for stored in self.records.values() if stored["kind"] != FEED]
            await self._end(*(stored["name"] for stored in bound))
            for stored in bound:
                self._begin(stored)

    async def _forget(self, subscription_id: str) -> None:
        async with self._lock:
            name = next((name for name, each in self.records.items() if each["id"] == subscription_id), None)
            if name is not None:
                await self._end(name)
                del self.records[name]

    async def _end(self, *names: str) -> None:
        await self._router.unsubscribe(
            *(name for name in names if name in self.records and name in self._router.subscriptions)
        )

    def made(self, stored: Stored) -> Subscriber:
        """The subscriber of a stored subscription, which does not run."""
        return self._make(stored)

    async def switch_off(self, subscription_id: str, reason: str) -> None:
        """Switches one off. Its place in the log stays."""
        try:
            await self._client().subscriptions.update(subscription_id, {"enabled": False, "reason": reason})
        except NotFoundError:
            return
