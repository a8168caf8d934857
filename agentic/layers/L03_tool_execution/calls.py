"""The calls that run in this process. One that is made again while it runs is joined, not repeated."""

from __future__ import annotations

import asyncio
from typing import Final

from agentic.layers.L03_tool_execution.models import Outcome
from agentic.layers.L03_tool_execution.pipeline import Pipeline, Wanted

STILL_RUNNING: Final = "running"
_PATIENCE: Final = 5.0


class Calls:
    """Makes calls, and knows which are being made."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._running: dict[str, asyncio.Task[Outcome]] = {}
        self._waiting: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._running)

    async def outcome(self, wanted: Wanted, within: float | None = None) -> Outcome | None:
        """The outcome of a call; none when it is not over `within` so many seconds: then it goes on, and is asked for again.

        When all who wait for a call are cancelled, it is ended. Raises what `Pipeline.call` does.
        """
        key = wanted.key
        if key is None:
            return await self._pipeline.call(wanted)
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.ensure_future(self._pipeline.call(wanted))
            task.add_done_callback(lambda _: self._over(key))
        self._waiting[key] = self._waiting.get(key, 0) + 1
        try:
            await asyncio.wait([task], timeout=within)
        except asyncio.CancelledError:
            if self._waiting[key] == 1:
                await _ended(task)
            raise
        finally:
            self._leave(key)
        return await task if task.done() else None

    async def cancel(self, wanted: Wanted) -> bool:
        """Ends a call that runs here; answers whether one did."""
        task = self._running.get(wanted.key or "")
        if task is None:
            return False
        await _ended(task)
        return True

    async def end(self) -> None:
        """Ends all."""
        for task in list(self._running.values()):
            task.cancel()
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=_PATIENCE)

    def _leave(self, key: str) -> None:
        self._waiting[key] -= 1
        if not self._waiting[key]:
            del self._waiting[key]

    def _over(self, key: str) -> None:
        task = self._running.pop(key)
        if not task.cancelled():
            task.exception()  # whoever waits gets it; with nobody waiting it is no news


async def _ended(task: asyncio.Task[Outcome]) -> None:
    task.cancel()
    await asyncio.wait([task])
