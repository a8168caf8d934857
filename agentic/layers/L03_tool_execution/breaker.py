"""A breaker for each tool: after some failures in a row it is left alone for a while, then tried with one call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Literal

from agentic.layers.L03_tool_execution.errors import ToolDownError

State = Literal["closed", "open", "half-open"]

MOST: Final = 10_000
"""Tools that are remembered at once; those that failed longest ago are forgotten."""


class Breaker:
    """Counts the failures of one tool. What was wrong with a call is no failure of the tool."""

    def __init__(self, failures: int, pause: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._failures = failures
        self._pause = pause
        self._clock = clock
        self._count = 0
        self._opened: float | None = None
        self._probing = False

    @property
    def state(self) -> State:
        """`closed`: calls go through. `open`: none. `half-open`: one, to see."""
        if self._opened is None:
            return "closed"
        return "open" if self._clock() - self._opened < self._pause else "half-open"

    def admit(self, name: str) -> None:
        """Lets a call through, whose end has to be told to `succeeded`, `failed` or `left`.

        Raises:
            ToolDownError: the tool is left alone, for `retry_after` more seconds.
        """
        if self._opened is None:
            return
        left = self._pause - (self._clock() - self._opened)
        if left > 0 or self._probing:
            again = max(1, round(left))
            raise ToolDownError(
                f"{name} failed {self._count} times in a row. It is tried again in {again} s.",
                retry_after=again,
            )
        self._probing = True

    def succeeded(self) -> None:
        """The tool works."""
        self._count = 0
        self._opened = None
        self._probing = False

    def failed(self) -> None:
        """The tool does not."""
        self._count += 1
        self._probing = False
        if self._opened is not None or self._count >= self._failures:
            self._opened = self._clock()

    def left(self) -> None:
        """The call ended without saying anything about the tool."""
        self._probing = False


class Breakers:
    """Those of all tools, in this process."""

    def __init__(self, failures: int, pause: float) -> None:
        self._failures = failures
        self._pause = pause
        self._breakers: dict[str, Breaker] = {}

    def of(self, name: str) -> Breaker:
        """The breaker of a tool."""
        if name not in self._breakers:
            if len(self._breakers) >= MOST:
                del self._breakers[next(iter(self._breakers))]
            self._breakers[name] = Breaker(self._failures, self._pause)
        return self._breakers[name]

    def open(self) -> list[str]:
        """The tools that are left alone, or on trial."""
        return [name for name, breaker in self._breakers.items() if breaker.state != "closed"]
