"""Answers to questions that everyone asks: asked once for all, and again after a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

SHORTEST: Final = 0.001


class Remembered(Generic[T]):
    """The answer of `ask`, at most `seconds` old. Whoever comes while it is being asked waits for that answer.

    With `times` it is also at most so many times as old as it took to ask: what is had quickly is always fresh.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]], seconds: float, times: float = float("inf")) -> None:
        self._ask = ask
        self._seconds = seconds
        self._times = times
        self._asking: asyncio.Future[T] | None = None
        self._answer: T | None = None
        self._until = float("-inf")

    async def __call__(self) -> T:
        """The answer.

        Raises:
            Exception: what `ask` raised; it is asked again next time.
        """
        loop = asyncio.get_running_loop()
        if loop.time() < self._until and self._answer is not None:
            return self._answer
        if self._asking is None:
            self._asking = asyncio.ensure_future(self._renew())
            self._asking.add_done_callback(_retrieve)
        # One who stops waiting must not stop the others.
        return await asyncio.shield(self._asking)

    async def _renew(self) -> T:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            self._answer = await self._ask()
            took = max(clock() - began, SHORTEST)  # the clock may count whole milliseconds
            self._until = clock() + min(self._seconds, self._times * took)
            return self._answer
        finally:
            self._asking = None

    def forget(self) -> None:
        """Asks again next time."""
        self._until = float("-inf")


def _retrieve(asked: asyncio.Future[T]) -> None:
    """Looks at the error, which may have no one else left to look at it."""
    if not asked.cancelled():
        asked.exception()
