"""What could not be delivered: an event of the log for everybody, and a note for who retries or drops it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID, uuid5

import structlog

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L11_integration.delivery_notes import DeliveryNotes, Note, note_of
from agentic.layers.L11_integration.follower import Subscriber, reference

log = structlog.get_logger()

DEAD_LETTERED: Final = "subscription.dead_lettered"
AGGREGATE_TYPE: Final = "subscription"
_NAMES: Final = UUID("2f0e6a3e-5d0b-5c1e-9a53-0d2f5b6f7a11")


class DeadLetters:
    """Writes them, for every subscriber of this process."""

    def __init__(self, client: Callable[[], L01Client], notes: DeliveryNotes) -> None:
        self._client = client
        self.notes = notes

    async def park(self, follower: Subscriber, event: Event, attempts: int, *more: Note, **note: Any) -> None:
        """An event that a subscriber will not be given any more; `more` is noted in the same moment."""
        assert follower.last_error is not None
        error = follower.last_error["error"]
        log.error(
            "an event could not be delivered",
            subscription=follower.name,
            position=event["position"],
            error=error,
        )
        if event["event_type"] != DEAD_LETTERED:
            # Else one who always fails would get a letter about each letter.
            letter = {
                "subscription": follower.name,
                "pattern": follower.wanted.pattern.text,
                "event": reference(event),
                "attempts": attempts,
                "error": error,
            }
            await self._client().events.append(
                DEAD_LETTERED, AGGREGATE_TYPE, aggregate_id(follower.name), letter
            )
        dead = note_of(follower.subscriber, event, "dead", attempts=attempts, error=error, **note)
        await self.notes.write(dead, *more)
        follower.parked += 1


def aggregate_id(name: str) -> UUID:
    """The aggregate under which the dead letters of a subscription are found in the log."""
    return uuid5(_NAMES, name)
