"""One subscriber: follows the log by itself, gets its events in order, is tried again, and never holds up another.

At least once: after a crash, the events since its cursor was saved come again. Each carries its id, by which a handler
that must not act twice recognises it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

import structlog

from agentic.layers.base import tracing
from agentic.layers.base.ids import timestamp
from agentic.layers.L01_data_layer.client import FeedEvent, L01Client, event_of
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L11_integration.cursor import Cursor
from agentic.layers.L11_integration.models import EventReference, Failure, Status
from agentic.layers.L11_integration.pattern import Pattern

log = structlog.get_logger()

Handler = Callable[[Event], Awaitable[None]]

DEAD_LETTERED: Final = "subscription.dead_lettered"
AGGREGATE_TYPE: Final = "subscription"
LONGEST_ERROR: Final = 2000
AGAIN: Final = 0.5
"""Seconds until a log that ended, because the data layer stopped, is followed again."""
_NAMES: Final = UUID("2f0e6a3e-5d0b-5c1e-9a53-0d2f5b6f7a11")


@dataclass(frozen=True)
class Patience:
    """How often and how long one event is tried."""

    attempts: int
    first_pause: float
    longest_pause: float
    limit: float

    def pause(self, attempt: int) -> float:
        """Seconds to wait after a failed attempt: doubling, and uneven so that subscribers do not come all at once."""
        return min(self.first_pause * 2 ** (attempt - 1), self.longest_pause) * random.uniform(0.5, 1.0)


class Subscription:
    """A handler, the pattern of what it wants, and its cursor."""

    def __init__(
        self,
        name: str,
        pattern: Pattern,
        handler: Handler,
        *,
        client: Callable[[], L01Client],
        cursor: Cursor,
        patience: Patience,
    ) -> None:
        self.name = name
        self.pattern = pattern
        self.cursor = cursor
        self.status: Status = "starting"
        self.attempts = 0
        self.delivered = 0
        self.parked = 0
        self.last_error: Failure | None = None
        self._handler = handler
        self._client = client
        self._patience = patience

    async def run(self) -> None:
        """Delivers what comes, from the cursor on. Runs until it is cancelled, or the data layer fails."""
        try:
            while True:
                await self._follow(await self.cursor.load())
                self.status = "waiting"
                await asyncio.sleep(AGAIN)
        except Exception as error:
            self.status = "waiting"
            self.last_error = _failure(error, None)
            raise

    async def _follow(self, position: int) -> None:
        """Ends when the data layer stops."""
        async with aclosing(self._client().follow(position)) as batches:
            self.status = "following"
            async for batch in batches:
                for event in batch:
                    await self._take(event)

    async def _take(self, event: FeedEvent) -> None:
        wanted = self.pattern(event.event_type)
        if wanted:
            await self._deliver(event)
        await self.cursor.advance(event.position, handled=wanted)

    async def _deliver(self, event: FeedEvent) -> None:
        known = event_of(event)
        cause = known["metadata"].get("correlation_id", known["id"])
        with tracing.traced(
            correlation_id=str(cause), causation_id=known["id"], actor=f"subscription {self.name}"
        ):
            if await self._handled(event):
                self.delivered += 1
            else:
                await self._park(known)
        self.status = "following"
        self.attempts = 0

    async def _handled(self, event: FeedEvent) -> bool:
        for attempt in range(1, self._patience.attempts + 1):
            self.attempts = attempt
            try:
                async with asyncio.timeout(self._patience.limit):
                    await self._handler(event_of(event))
            except (Exception, asyncio.CancelledError) as error:
                if _is_our_end(error):
                    raise
                self.status = "retrying"
                self.last_error = _failure(error, event.position)
            else:
                return True
            if attempt < self._patience.attempts:
                await asyncio.sleep(self._patience.pause(attempt))
        return False

    async def _park(self, event: Event) -> None:
        assert self.last_error is not None
        error = self.last_error["error"]
        log.error(
            "an event could not be delivered", subscription=self.name, position=event["position"], error=error
        )
        if (
            event["event_type"] != DEAD_LETTERED
        ):  # else one who always fails would get a letter about each letter
            letter = {
                "subscription": self.name,
                "pattern": self.pattern.text,
                "event": reference(event),
                "attempts": self.attempts,
                "error": error,
            }
            await self._client().events.append(DEAD_LETTERED, AGGREGATE_TYPE, aggregate_id(self.name), letter)
        self.parked += 1


def aggregate_id(name: str) -> UUID:
    """The aggregate under which the dead letters of a subscription are found in the log."""
    return uuid5(_NAMES, name)


def reference(event: Event) -> EventReference:
    """What is needed to find an event again."""
    return {
        "id": event["id"],
        "position": event["position"],
        "event_type": event["event_type"],
        "aggregate_type": event["aggregate_type"],
        "aggregate_id": event["aggregate_id"],
        "created_at": event["created_at"],
    }


def _is_our_end(error: BaseException) -> bool:
    # A handler may let a cancellation of its own escape; that is a failure of it and not our end.
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def _failure(error: BaseException, position: int | None) -> Failure:
    text = f"{type(error).__name__}: {error}"[:LONGEST_ERROR].replace("\0", "")
    return {
        "error": text.encode(errors="replace").decode(),
        "position": position,
        "at": timestamp(),
    }
