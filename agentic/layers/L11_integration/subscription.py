"""A subscriber that takes one event after the other: a handler in this process, a stream, a rule.

At least once: after a crash, the events since its cursor was saved come again. Each carries its id, by which a handler
that must not act twice recognises it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from agentic.layers.base import tracing
from agentic.layers.L01_data_layer.client import FeedEvent, event_of
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L11_integration.dead_letters import DeadLetters
from agentic.layers.L11_integration.errors import ActionError
from agentic.layers.L11_integration.follower import Follower

Handler = Callable[[Event], Awaitable[None]]


@dataclass(frozen=True)
class Patience:
    """How often and how long one event is tried."""

    attempts: int
    first_pause: float
    longest_pause: float
    limit: float

    def pause(self, attempt: int) -> float:
        """Seconds to wait after a failed attempt: doubling, and uneven so that subscribers do not come all at once."""
        longest = min(self.first_pause * 2 ** min(attempt - 1, 60), self.longest_pause)
        return longest * random.uniform(0.5, 1.0)


class Subscription(Follower):
    """A handler, what it wants, and its cursor."""

    def __init__(
        self,
        *args: Any,
        handler: Handler,
        patience: Patience,
        letters: DeadLetters,
        actor: str = "subscription",
        awaited: tuple[type[Exception], ...] = (),
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self._handler = handler
        self._patience = patience
        self._letters = letters
        self._actor = f"{actor} {self.name}"
        """The actor of the events that it brings about."""
        self._awaited = awaited
        """What says that nobody is there to take it: that is waited for, and no attempt."""

    async def take(self, event: FeedEvent) -> None:
        """Delivers an event that is wanted, and moves on."""
        wanted = self.wanted(event)
        if wanted:
            await self._deliver(event)
        await self.cursor.advance(event.position, handled=wanted)

    async def again(self, event: Event) -> None:
        """One attempt."""
        with self.because_of(event):
            async with asyncio.timeout(self._patience.limit):
                await self._handler(event)

    @contextmanager
    def because_of(self, event: Event) -> Generator[None]:
        """Links what is written within to the event that caused it."""
        cause = event["metadata"].get("correlation_id", event["id"])
        with tracing.traced(correlation_id=str(cause), causation_id=event["id"], actor=self._actor):
            yield

    async def _deliver(self, event: FeedEvent) -> None:
        known = event_of(event)
        with self.because_of(known):
            if await self._handled(event):
                self.delivered += 1
            else:
                await self._letters.park(self, known, self.attempts)
        self.status = "following"
        self.attempts = 0

    async def _handled(self, event: FeedEvent) -> bool:
        self.attempts = 0
        while True:
            self.attempts += 1
            try:
                async with asyncio.timeout(self._patience.limit):
                    await self._handler(event_of(event))
                return True
            except self._awaited as error:
                self.attempts -= 1
                self.status = "waiting"
                self.failed(error, event.position)
                await asyncio.sleep(self._patience.longest_pause)
                continue
            except (Exception, asyncio.CancelledError) as error:
                if _is_our_end(error):
                    raise
                self.status = "retrying"
                self.failed(error, event.position)
                if isinstance(error, ActionError) or self.attempts >= self._patience.attempts:
                    return False
            await asyncio.sleep(self._patience.pause(self.attempts))


def _is_our_end(error: BaseException) -> bool:
    # A handler may let a cancellation of its own escape; that is a failure of it and not our end.
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
