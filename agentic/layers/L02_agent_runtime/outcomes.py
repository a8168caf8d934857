"""How the work on a run ends, for now or for good."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from agentic.layers.base.errors import PlatformError
from agentic.layers.base.ids import now, timestamp


class Outcome(NamedTuple):
    """What a run becomes when the work on it ends. `due_at` says when it is to be taken again; none: when somebody asks."""

    status: str
    output: Any = None
    error: dict[str, Any] | None = None
    due_at: str | None = None
    children: tuple[str, ...] = ()
    """The runs of other agents that it waits for."""


class RunEndsError(Exception):
    """The work on a run ends here, from wherever it was noticed."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(f"the run is to be {outcome.status}")


class InterruptedRunError(Exception):
    """Somebody else has changed the run: paused, cancelled, taken over. Nothing more is written by us."""

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__(f"the run is {status}")


def completed(output: Any) -> Outcome:
    """The run has its result."""
    return Outcome("completed", output=output)


def failed(error: PlatformError) -> Outcome:
    """The run ends here, and this is why."""
    return Outcome("failed", error=error_of(error))


def suspended(until: datetime | str | None) -> Outcome:
    """The run waits for a time, or until it is resumed."""
    return Outcome("suspended", due_at=until if isinstance(until, str) or until is None else timestamp(until))


def waiting(until: str | None = None) -> Outcome:
    """The run waits for a person, and at most until then."""
    return Outcome("waiting_approval", due_at=until)


def in_seconds(seconds: float) -> str:
    """The moment that far from now."""
    return timestamp(now() + timedelta(seconds=seconds))


def error_of(error: PlatformError) -> dict[str, Any]:
    """An error as runs and steps keep it."""
    return {"code": error.code, "detail": error.detail}


def together(waits: list[Outcome]) -> Outcome:
    """What a run waits for that waits for several things: a person if for one, and the earliest of the times."""
    status = (
        "waiting_approval" if any(wait.status == "waiting_approval" for wait in waits) else waits[0].status
    )
    times = [wait.due_at for wait in waits if wait.due_at is not None]
    children = tuple(child for wait in waits for child in wait.children)
    return Outcome(status, due_at=min(times, default=None), children=children)
