"""The frame of every call that an agent's own code makes of its context: done, waited for, or the end of the run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

from agentic.layers.base.background import end
from agentic.layers.base.ids import now
from agentic.layers.L02_agent_runtime.errors import AgentCodeError, ChildFailedError, ToolCallError
from agentic.layers.L02_agent_runtime.journal import Hold
from agentic.layers.L02_agent_runtime.outcomes import Outcome, RunEndsError

T = TypeVar("T")

TO_THE_CODE: Final = (ToolCallError, ChildFailedError, AgentCodeError)
"""What the code may catch; anything else ends the work on the run."""
SETTLE: Final = 0.02
"""Seconds that the code has to do something more when all that it has begun is waiting."""


class Frame:
    """The calls that the code of one run has begun, and what those wait for that wait."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._busy = 0
        self._begun = 0
        self._changed = asyncio.Event()
        self._callers: set[asyncio.Task[Any]] = set()
        self._closed = False
        self.waits: list[Outcome] = []
        self.ending: Exception | None = None
        """Why the run ends, when one of the calls says that it does."""

    async def until_it_waits(self, code: asyncio.Task[Any]) -> None:
        """Returns when the code has ended, when the run is to end, or when all that the code does is waiting."""
        while not code.done() and self.ending is None:
            changed = asyncio.ensure_future(self._changed.wait())
            await asyncio.wait({code, changed}, return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
            self._changed.clear()
            if self.waits and self._busy == 0 and not code.done():
                begun = self._begun
                await asyncio.wait({code}, timeout=SETTLE)
                if self._busy == 0 and begun == self._begun:
                    return

    async def durably(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does the work of a call, once more whenever there is news of what it waits for."""
        with self._calling():
            while True:
                news = self._hold.news
                result = await self._try(work)
                if not isinstance(result, Outcome):
                    return result
                await self._until_news(result, news)

    @contextmanager
    def _calling(self) -> Generator[None]:
        task = asyncio.current_task()
        assert task is not None
        if self._closed:
            raise asyncio.CancelledError
        outermost = task not in self._callers
        self._callers.add(task)
        try:
            yield
        finally:
            if outermost:
                self._callers.discard(task)

    async def close(self) -> None:
        """Ends the calls of tasks that the code began and left behind: what they wait for would never come."""
        self._closed = True
        await end(list(self._callers))

    async def _try(self, work: Callable[[], Awaitable[T]]) -> T | Outcome:
        """The work of a call, or what it waits for. What ends the run does not come back into the code: it could catch it."""
        self._busy += 1
        self._begun += 1
        try:
            return await work()
        except TO_THE_CODE:
            raise
        except RunEndsError as over:
            if over.outcome.status != "failed":
                return over.outcome
            self.ending = over
        except Exception as error:
            self.ending = error
        finally:
            self._busy -= 1
            if self.waits or self.ending is not None:
                self._changed.set()
        await asyncio.Event().wait()  # until the code is cancelled
        raise AssertionError("cancelled")

    async def _until_news(self, wait: Outcome, news: asyncio.Event) -> None:
        """Waits for what a call waits for, while others are at work: when none is, the run is let go meanwhile."""
        self.waits.append(wait)
        self._changed.set()
        left = None
        if wait.due_at is not None:
            left = max(SETTLE, (datetime.fromisoformat(wait.due_at) - now()).total_seconds())
        try:
            async with asyncio.timeout(left):
                await news.wait()
        except TimeoutError:
            pass
        finally:
            self.waits.remove(wait)
