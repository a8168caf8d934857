"""Work that runs beside the requests of a layer: watched, reported, and started again when it fails.

A bare task group in a lifespan ends the group on the first failure and leaves a server that answers but does nothing;
here a failure is logged, counted in the layer's health, and followed by another try after a growing pause.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

log = structlog.get_logger()

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
SETTLED = 30.0
CANCEL_AGAIN = 3.0
WELL = 2.0
"""Seconds after which work that goes on again is no longer reported as failing."""

Work = Callable[[], Awaitable[None]]


@dataclass
class Background:
    """The background work of one layer, and what last went wrong with each piece of it."""

    layer: str
    failures: dict[str, str] = field(default_factory=dict[str, str])

    @asynccontextmanager
    async def running(self, works: Mapping[str, Work]) -> AsyncGenerator[None]:
        """Runs each of `works` until the block is left, then cancels them and waits for their end."""
        tasks = [
            asyncio.create_task(self.keep(name, work), name=f"{self.layer} {name}")
            for name, work in works.items()
        ]
        try:
            yield
        finally:
            await end(tasks)

    async def keep(self, name: str, work: Work) -> None:
        """Runs `work` until it returns, again after each failure of it."""
        pause = FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            well = loop.call_later(WELL, self.failures.pop, name, None)
            try:
                await work()
                self.failures.pop(name, None)
                return
            except Exception as error:
                self.failures[name] = f"{type(error).__name__}: {error}"
                if loop.time() - started > SETTLED:
                    pause = FIRST_PAUSE
                log.warning(
                    "background work failed",
                    layer=self.layer,
                    work=name,
                    error=self.failures[name],
                    again_in=pause,
                )
            finally:
                well.cancel()
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, LONGEST_PAUSE)


def goes_on() -> bool:
    """False once this task was cancelled: Python 3.11's `wait_for`, inside redis-py, may swallow what says so."""
    task = asyncio.current_task()
    return task is None or not task.cancelling()


async def end(tasks: list[asyncio.Task[Any]]) -> None:
    """Cancels until all have ended: Python 3.11's `wait_for` swallows a cancellation that comes as its work is done."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN)
