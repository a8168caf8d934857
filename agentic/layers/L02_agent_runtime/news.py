"""What happens to runs, followed once for the process and handed to whoever waits for it: workers, streams, callers.

Everything here is a hint. Who is woken looks at the data layer itself, and looks now and then without being woken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import aclosing, contextmanager
from typing import Any, Final

import structlog

from agentic.layers.base import jsonio
from agentic.layers.L01_data_layer.client import FeedEvent, L01Client

log = structlog.get_logger()

WANTED: Final = "run.*,run_step.created,approval.approved,approval.denied,approval.expired"
NOT_DUE: Final = frozenset(("run.running", "run.completed", "run.failed", "run.cancelled"))


class RunNews:
    """The news of runs of this platform."""

    def __init__(self, l01: Callable[[], L01Client]) -> None:
        self._l01 = l01
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._ended = False
        self.on_due: Callable[[], None] = _nothing
        """Called when a run may have become due."""
        self.on_state: Callable[[str, str], None] = _nothing_with
        """Called with a run's id and its new state."""

    async def follow(self) -> None:
        """Runs until it is cancelled, or the data layer stops."""
        self._ended = False
        async with aclosing(self._l01().follow(event_type=WANTED)) as batches:
            async for batch in batches:
                for event in batch:
                    self._take(event)

    def _take(self, event: FeedEvent) -> None:
        if event.aggregate_type == "run":
            self.tell(event.aggregate_id, event.event_type.partition(".")[2])
            if event.event_type not in NOT_DUE:
                self.on_due()
        elif event.aggregate_type == "run_step":
            self._wake(_run_of(event))
        else:
            self.on_due()

    def tell(self, run_id: str, status: str) -> None:
        """Spreads what this process has done itself, before it comes back from the log."""
        self.on_state(run_id, status)
        self._wake(run_id)

    def _wake(self, run_id: str | None) -> None:
        if run_id is not None:
            for event in self._waiting.get(run_id, ()):
                event.set()

    @contextmanager
    def of(self, run_id: str) -> Generator[asyncio.Event]:
        """Something that is set whenever there is news of a run, and when the layer stops."""
        event = asyncio.Event()
        self._waiting.setdefault(run_id, set()).add(event)
        if self._ended:
            event.set()
        try:
            yield event
        finally:
            waiting = self._waiting[run_id]
            waiting.discard(event)
            if not waiting:
                del self._waiting[run_id]

    @property
    def ended(self) -> bool:
        """Whether the layer stops: who waits is to give up."""
        return self._ended

    def end(self) -> None:
        """Wakes everybody for the last time."""
        self._ended = True
        for events in self._waiting.values():
            for event in events:
                event.set()


def _run_of(event: FeedEvent) -> str | None:
    payload: Any = jsonio.decode(event.json)["payload"]
    return payload.get("run_id")


def _nothing() -> None:
    pass


def _nothing_with(_run: str, _status: str) -> None:
    pass
