"""A server that fails again and again is left alone for a while; then one call may try whether it is well."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "half-open"]
LONGEST = 12
"""The pause grows up to so many times the first one."""


class Breaker:
    """Of one server. `clock` tells seconds."""

    def __init__(self, failures: int, pause: float, clock: Callable[[], float]) -> None:
        self._most = failures
        self._first_pause = pause
        self._clock = clock
        self._failures = 0
        self._openings = 0
        self._until: float | None = None
        self._probing = False

    @property
    def state(self) -> State:
        """Whether calls pass: all, none, or one."""
        if self._until is None:
            return "closed"
        return "half-open" if self._clock() >= self._until else "open"

    def admits(self) -> bool:
        """Whether this call may pass. One that may must end in `succeeded`, `failed` or `left`."""
        state = self.state
        if state == "closed":
            return True
        if state == "open" or self._probing:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        """The server did its work."""
        self._failures = self._openings = 0
        self._until = None
        self._probing = False

    def failed(self) -> None:
        """The server did not do its work."""
        self._failures += 1
        if self._probing or (self._until is None and self._failures >= self._most):
            self._probing = False
            pause = self._first_pause * min(2**self._openings, LONGEST)
            self._openings += 1
            self._until = self._clock() + pause * random.uniform(0.8, 1.2)

    def left(self) -> None:
        """The call ended without saying anything about the server, such as when its caller hung up."""
        self._probing = False
