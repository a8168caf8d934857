"""Notes of what became of deliveries: at once where a restart must find them, in batches where they are only to be seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog

from agentic.layers.base.errors import PlatformError
from agentic.layers.base.ids import timestamp
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.event import Event

log = structlog.get_logger()

WITHIN: Final = 0.25
MOST_WAITING: Final = 5000
BATCH: Final = 500

Note = dict[str, Any]


class DeliveryNotes:
    """The notes of all subscribers of this process."""

    def __init__(self, client: Callable[[], L01Client]) -> None:
        self._client = client
        self._waiting: list[Note] = []
        self._some = asyncio.Event()

    async def write(self, *notes: Note) -> None:
        """Writes notes that a restart must find: it returns when they are there."""
        await self._client().deliveries.note(notes)

    def later(self, note: Note) -> None:
        """Takes a note that may be lost with the process. Of too many, the oldest are not written."""
        self._waiting.append(note)
        del self._waiting[:-MOST_WAITING]
        self._some.set()

    async def run(self) -> None:
        """Writes what waits, four times a second. Runs until it is cancelled."""
        while True:
            await self._some.wait()
            await asyncio.sleep(WITHIN)
            await self.flush()

    async def flush(self) -> None:
        """Writes what waits."""
        self._some.clear()
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            try:
                await self._client().deliveries.note(batch)
            except PlatformError as error:
                log.warning("notes of deliveries are lost", count=len(batch), error=str(error))


def note_of(subscriber: str, event: Event, status: str, **more: Any) -> Note:
    """A note about an event at a subscriber."""
    return {
        "subscriber": subscriber,
        "position": event["position"],
        "event_id": event["id"],
        "event_type": event["event_type"],
        "aggregate_type": event["aggregate_type"],
        "aggregate_id": event["aggregate_id"],
        "status": status,
        "attempts": 1,
        "first_at": timestamp(),
        **more,
    }
