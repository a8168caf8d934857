"""Usage on its way to the data layer: a bounded queue, written in batches, empty before the layer stops.

A call takes a place before it is sent to a provider and gives it back when its row is written. So what is in flight and what waits
to be written are bounded together: when the data layer is slow, calls wait for a place and then are refused, memory
does not grow, and no row is thrown away.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import structlog

from agentic.layers.base.background import FIRST_PAUSE, LONGEST_PAUSE
from agentic.layers.base.common_errors import (
    BrokenReferenceError,
    ExistsError,
    InvalidError,
    NotFoundError,
    StateError,
)
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.ids import uuid7
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L04_model_gateway.errors import UsageBacklogError

log = structlog.get_logger()

BATCH: Final = 500
GATHERING: Final = 0.05
"""Seconds for which rows are gathered before they are written: a statement for each would cost more than the call did."""
STOP_LIMIT: Final = 1.2
"""Seconds for writing what is left when the layer stops; the supervisor gives all layers together little more."""
_REFERENCES: Final = ("agent_id", "run_id", "goal_id")
_REFUSED: Final = (BrokenReferenceError, ExistsError, InvalidError, NotFoundError, StateError)
"""What asking again does not change."""


class Settlement(NamedTuple):
    """How a reserved call ended, for `l01.usage`."""

    usage_id: str
    status: str
    usage: dict[str, Any] | None
    error: dict[str, Any] | None
    estimated: bool


class UsageWriter:
    """Takes rows and settlements, and writes them."""

    def __init__(self, client: Callable[[], L01Client], room: int, patience: float) -> None:
        self._client = client
        self._places = asyncio.Semaphore(room)
        self._patience = patience
        self._waiting: deque[dict[str, Any] | Settlement] = deque()
        self._writing: list[dict[str, Any] | Settlement] = []
        """What is being written: taken up again when that is broken off."""
        self._came = asyncio.Event()
        self.late: str | None = None
        """Why nothing can be written at the moment."""

    @property
    def backlog(self) -> int:
        """How many rows are not yet written."""
        return len(self._waiting) + len(self._writing)

    async def place(self) -> None:
        """Takes a place for one call.

        Raises:
            UsageBacklogError: there was none for too long.
        """
        if not self._places.locked():
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._places.acquire()
        except TimeoutError:
            raise UsageBacklogError from None

    def leave(self) -> None:
        """Gives the place of a call back of which there is nothing to write."""
        self._places.release()

    def add(self, entry: dict[str, Any] | Settlement) -> None:
        """Writes this soon; the place of its call is free when it is written."""
        if isinstance(entry, dict):
            entry.setdefault("id", str(uuid7()))
        self._waiting.append(entry)
        self._came.set()

    async def run(self) -> None:
        """Writes what comes, until it is cancelled."""
        pause = FIRST_PAUSE
        while True:
            if not self.backlog:
                self._came.clear()
                await self._came.wait()
            if not self._writing and len(self._waiting) < BATCH:
                await asyncio.sleep(GATHERING)
            try:
                await self._write_some()
            except PlatformError as error:
                if self.late is None:
                    log.warning("model usage cannot be written yet", error=str(error), waiting=self.backlog)
                self.late = error.detail
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                self.late = None
                pause = FIRST_PAUSE

    async def finish(self) -> None:
        """Writes what is left, now that nothing more will come."""
        try:
            async with asyncio.timeout(STOP_LIMIT):
                while self.backlog:
                    try:
                        await self._write_some()
                    except PlatformError as error:
                        self.late = error.detail
                        await asyncio.sleep(FIRST_PAUSE)
        except TimeoutError:
            log.error("model usage could not be written before the stop", rows=self.backlog, error=self.late)

    async def _write_some(self) -> None:
        while self._waiting and len(self._writing) < BATCH:
            self._writing.append(self._waiting.popleft())
        rows = [entry for entry in self._writing if isinstance(entry, dict)]
        if rows:
            await self._write_rows(rows)
            self._written(rows)
        for entry in list(self._writing):
            if isinstance(entry, Settlement):
                await self._settle(entry)
                self._written([entry])

    def _written(self, entries: list[Any]) -> None:
        gone = {id(entry) for entry in entries}
        self._writing = [entry for entry in self._writing if id(entry) not in gone]
        for _ in entries:
            self._places.release()

    async def _write_rows(self, rows: list[dict[str, Any]]) -> None:
        try:
            await self._client().usage.record_all(list(rows))
        except _REFUSED:
            for row in rows:  # one of them spoils it for all: alone it spoils nothing
                await self._write_row(row)

    async def _write_row(self, row: dict[str, Any]) -> None:
        usage = self._client().usage
        try:
            await usage.record_all([row])
        except ExistsError:
            return  # written by an attempt whose answer did not come
        except BrokenReferenceError as error:
            told = {name: row.pop(name) for name in _REFERENCES if name in row}
            log.warning(
                "a model call was made for what does not exist",
                error=error.detail,
                usage_id=row["id"],
                **told,
            )
            await usage.record_all([row])
        except InvalidError as error:
            log.error("a row of model usage is refused", error=error.detail, usage_id=row["id"])

    async def _settle(self, entry: Settlement) -> None:
        try:
            await settle(self._client(), entry)
        except _REFUSED as error:  # settled or cut by somebody else meanwhile
            log.info("a model call was settled before", usage_id=entry.usage_id, error=error.detail)


async def settle(l01: L01Client, entry: Settlement) -> None:
    """Says how a reserved call ended.

    Raises:
        PlatformError: it could not be said.
    """
    if entry.status == "completed":
        await l01.usage.settle(entry.usage_id, entry.usage, estimated=entry.estimated)
    elif entry.status == "failed":
        await l01.usage.fail(entry.usage_id, entry.error or {}, entry.usage, estimated=entry.estimated)
    else:
        await l01.usage.cut_off(entry.usage_id, entry.usage, entry.error)
