"""How many calls of a tool run at once, and begin in a minute. Each process keeps its own count."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from agentic.layers.L03_tool_execution.errors import LimitedError
from agentic.layers.L03_tool_execution.tool import Rules, Tool

MINUTE: Final = 60.0


class Limits:
    """Gives calls their turn."""

    def __init__(self, concurrency: int, patience: float) -> None:
        self._patience = patience
        self._all = asyncio.Semaphore(concurrency)
        self._most = concurrency
        self._running: dict[tuple[str, int], asyncio.Semaphore] = {}
        self._begun: dict[str, deque[float]] = {}

    @asynccontextmanager
    async def turn(self, tool: Tool) -> AsyncGenerator[None]:
        """The block runs within the limits of a tool.

        Raises:
            LimitedError: its turn does not come in time; `retry_after` says in how many seconds it may.
        """
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._patience):
                    if tool.rules.concurrency is not None:
                        await stack.enter_async_context(self._of(tool.name, tool.rules.concurrency))
                    await stack.enter_async_context(self._all)
            except TimeoutError:
                most = tool.rules.concurrency or self._most
                raise LimitedError(
                    f"{most} calls run already, and none ended within {self._patience:g} s.",
                    retry_after=max(1, round(self._patience)),
                ) from None
            await self._rate(tool.name, tool.rules)
            yield

    def _of(self, name: str, most: int) -> asyncio.Semaphore:
        return self._running.setdefault((name, most), asyncio.Semaphore(most))

    async def _rate(self, name: str, rules: Rules) -> None:
        if rules.per_minute is None:
            return
        begun = self._begun.setdefault(name, deque())
        until = time.monotonic() + self._patience
        while True:
            now = time.monotonic()
            while begun and now - begun[0] >= MINUTE:
                begun.popleft()
            if len(begun) < rules.per_minute:
                begun.append(now)
                return
            wait = begun[0] + MINUTE - now
            if now + wait > until:
                raise LimitedError(
                    f"{name} may be called {rules.per_minute} times a minute, and was.",
                    retry_after=max(1, round(wait)),
                )
            await asyncio.sleep(wait)
