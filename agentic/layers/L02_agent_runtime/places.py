"""Where in an agent's code a call stands: its number within the task that makes it, below the place of that task.

A task of the code is known by the order in which tasks were begun, or, as a branch, by a number of its own: branches may be begun
in another order, or not at all, when the code runs again.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from agentic.layers.L01_data_layer.models.run import BRANCHES, CALLS

NESTED: Final = 1_000_000
"""Effect keys need a number: of places in tasks within tasks, it lies beyond those of steps, and below `BRANCHES`."""
MOST_BRANCHES: Final = 1_400_000
_IN_A_BRANCH: Final = re.compile(r"/b(\d+)/(\d+)")


@dataclass
class _Scope:
    """A task of the code, by its place, and how far it has come."""

    path: str
    task: asyncio.Task[Any] | None
    calls: int = 0
    tasks: int = 0


_scope: ContextVar[_Scope] = ContextVar("scope")


def begin() -> None:
    """Makes the present task the one in which the code begins."""
    _scope.set(_Scope("", asyncio.current_task()))


def next_place() -> str:
    """The place of the call that is made now. A task that the code has started has a part of the path of its own."""
    scope, task = _scope.get(), asyncio.current_task()
    if scope.task is not task:
        scope.tasks += 1
        scope = _Scope(f"{scope.path}/{scope.calls}.{scope.tasks}", task)
        _scope.set(scope)
    scope.calls += 1
    return f"{scope.path}/{scope.calls}"


@contextmanager
def branch(number: int) -> Generator[None]:
    """Makes the present task a branch of the one that began it."""
    parent = _scope.get()
    token = _scope.set(_Scope(f"{parent.path}/b{number}", asyncio.current_task()))
    try:
        yield
    finally:
        _scope.reset(token)


def slot_of(at: str) -> int:
    """A number for a place, the same each time."""
    if (found := _IN_A_BRANCH.fullmatch(at)) is not None:
        number, call = int(found[1]), int(found[2])
        if number < MOST_BRANCHES and call < CALLS:
            return BRANCHES + number * CALLS + call
    number = at.removeprefix("/")
    return int(number) if number.isdigit() else NESTED + zlib.crc32(at.encode()) % 2_000_000_000
