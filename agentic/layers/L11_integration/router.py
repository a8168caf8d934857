"""The event router: subscribers by name, each with tasks of its own, started and stopped together."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog

from agentic.layers.base.background import Background, end
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L11_integration.cursor import Cursor
from agentic.layers.L11_integration.dead_letters import DeadLetters
from agentic.layers.L11_integration.delivery_notes import DeliveryNotes
from agentic.layers.L11_integration.errors import SubscriptionExistsError
from agentic.layers.L11_integration.filters import Filter
from agentic.layers.L11_integration.follower import Subscriber, Wanted
from agentic.layers.L11_integration.pattern import Pattern
from agentic.layers.L11_integration.settings import L11Settings
from agentic.layers.L11_integration.subscription import Handler, Patience, Subscription

log = structlog.get_logger()

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")

LAST_SAVE: Final = 1.0
"""Seconds that the saving of all cursors may take at the end; what is not saved comes again."""


class EventRouter:
    """Hands the log's events to those who subscribed to them."""

    def __init__(self, client: Callable[[], L01Client], settings: L11Settings) -> None:
        self.subscriptions: dict[str, Subscriber] = {}
        self.notes = DeliveryNotes(client)
        self.letters = DeadLetters(client, self.notes)
        self._client = client
        self._settings = settings
        self._background = Background("L11")
        self._tasks: dict[str, list[asyncio.Task[None]]] = {}
        self._running = False

    def subscribe(self, name: str, pattern: str, handler: Handler) -> Subscription:
        """Calls `handler` with each event that `pattern` wants, in order, for as long as the router runs.

        Under a new name it begins with the next event; under a known one, where it was when the router last stopped.
        The name belongs to one process at a time: two that subscribe under it both get every event, and move one cursor.

        Raises:
            SubscriptionExistsError: the name is taken.
            InvalidError: it is no name that can stand in an address.
            PatternError: that is no pattern.
        """
        if not _NAME.fullmatch(name):
            raise InvalidError.of(("name", "1 to 100 letters, digits, dots, dashes and underscores"))
        settings = self._settings
        subscription = Subscription(
            name,
            Wanted(Pattern(pattern), Filter({})),
            client=self._client,
            cursor=Cursor(name, self._client, every=settings.save_every, within=settings.save_within),
            subscriber=name,
            handler=handler,
            patience=Patience(
                settings.attempts, settings.first_pause, settings.longest_pause, settings.handler_limit
            ),
            letters=self.letters,
        )
        self.add(subscription)
        return subscription

    def add(self, subscriber: Subscriber) -> None:
        """Lets a subscriber work for as long as the router runs.

        Raises:
            SubscriptionExistsError: the name is taken.
        """
        if subscriber.name in self.subscriptions:
            raise SubscriptionExistsError(f"There is a subscription {subscriber.name!r} already.")
        self.subscriptions[subscriber.name] = subscriber
        if self._running:
            self._start(subscriber)

    async def unsubscribe(self, *names: str) -> None:
        """Ends subscriptions, all at once. Their cursors stay: under the same name one goes on from there."""
        await self._stop([self.subscriptions.pop(name) for name in names])

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Delivers for as long as the block lasts."""
        self._running = True
        for subscriber in self.subscriptions.values():
            self._start(subscriber)
        try:
            async with self._background.running({"notes of deliveries": self.notes.run}):
                yield
        finally:
            self._running = False
            await self._stop(list(self.subscriptions.values()))
            await self.notes.flush()

    def _start(self, subscriber: Subscriber) -> None:
        self._tasks[subscriber.name] = [
            asyncio.create_task(self._background.keep(name, work), name=f"L11 {name}")
            for name, work in subscriber.works().items()
        ]

    async def _stop(self, subscribers: list[Subscriber]) -> None:
        tasks = [task for each in subscribers for task in self._tasks.pop(each.name, [])]
        await end(tasks)
        await asyncio.gather(*(_keep_place(subscriber) for subscriber in subscribers))


async def _keep_place(subscriber: Subscriber) -> None:
    subscriber.status = "stopped"
    try:
        async with asyncio.timeout(LAST_SAVE):
            await subscriber.cursor.save()
    except (PlatformError, TimeoutError) as error:
        log.warning("a cursor was not saved; some events come again", name=subscriber.name, error=str(error))
