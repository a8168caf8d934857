"""Answers to questions that everyone asks about one thing or another: each is asked once for all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

from agentic.layers.L10_human_interface.remembered import Remembered
from agentic.layers.L10_human_interface.rows import Kept

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

MOST: Final = 100
"""Things of which answers are remembered."""


class RememberedEach(Generic[K, T]):
    """The answers of `ask`, each as long as `Remembered` says."""

    def __init__(self, ask: Callable[[K], Awaitable[T]], seconds: float, times: float = float("inf")) -> None:
        self._ask = ask
        self._seconds = seconds
        self._times = times
        self._kept: Kept[K, Remembered[T]] = Kept(MOST)

    async def __call__(self, key: K) -> T:
        """The answer about one thing.

        Raises:
            Exception: what `ask` raised.
        """
        kept = self._kept.get(key) or Remembered(lambda: self._ask(key), self._seconds, self._times)
        self._kept.put(key, kept)
        return await kept()
