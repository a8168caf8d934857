"""How far a subscriber has come, kept by the data layer: not after each event, but often enough to repeat few."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.L01_data_layer.client import L01Client

log = structlog.get_logger()

PREFIX: Final = "L11."
"""Of the names of all cursors of this layer."""


class Cursor:
    """A position that is saved after `every` handled events, or `within` seconds of having moved.

    So a crash repeats at most `every` events: the next is not taken before the position after them is saved.
    """

    def __init__(
        self,
        name: str,
        client: Callable[[], L01Client],
        *,
        every: int,
        within: float,
        start: Callable[[], Awaitable[int]] | None = None,
        onward: bool = True,
    ) -> None:
        self.name = f"{PREFIX}{name}"
        self.position: int | None = None
        """Everything up to here is done; none before it is known."""
        self._client = client
        self._start = start
        self._onward = onward
        """Whether it never goes back: a process that was stopped for long may come back and say where it stood."""
        self._every = every
        self._within = within
        self._handled = 0
        self._moved = asyncio.Event()
        self._saving = asyncio.Lock()

    async def load(self) -> int:
        """The position that was saved last; for a subscriber that is new its start, or else the newest event's, saved at once."""
        if self.position is None:
            saved = await self._saved()
            head = await self._client().events.head()
            if saved is not None and saved > head:
                log.warning("a cursor stood beyond the log, so it is not of this log", cursor=self.name)
                saved = None
            if saved is None:
                saved = head if self._start is None else await self._start()
                await self._client().cursors.set(self.name, saved)
            self.position = saved
        return self.position

    async def _saved(self) -> int | None:
        try:
            return (await self._client().cursors.get(self.name))["position"]
        except NotFoundError:
            return None

    async def advance(self, position: int, *, handled: bool) -> None:
        """Everything up to `position` is done; `handled` says that it took the subscriber some work."""
        self.position = position
        self._handled += handled
        self._moved.set()
        if self._handled >= self._every:
            await self.save()

    async def run(self) -> None:
        """Saves the position within its time. Runs until it is cancelled."""
        while True:
            await self._moved.wait()
            await asyncio.sleep(self._within)
            await self.save()

    async def save(self) -> None:
        """Saves the position, if it has moved."""
        async with self._saving:  # one at a time: an older position must not be written over a newer
            if not self._moved.is_set() or self.position is None:
                return
            self._moved.clear()
            handled = self._handled
            try:
                await self._client().cursors.set(self.name, self.position, onward=self._onward)
            except BaseException:
                self._moved.set()
                raise
            self._handled -= handled
