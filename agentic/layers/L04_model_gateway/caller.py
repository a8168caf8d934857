"""Who a model call is made for: what its usage is booked on, and which limits and budgets it falls under."""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from uuid import UUID

from starlette.types import Scope

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.models.run import RunRef

_IDS: Final = {b"x-agent-id": "agent_id", b"x-goal-id": "goal_id", b"x-run-id": "run_id"}
_NUMBERS: Final = {b"x-run-token": "token", b"x-run-step": "step"}
_MOST: Final = 2_147_483_647


class Caller(NamedTuple):
    """Some of an API key, an agent, a goal and a run; a call for a run is reserved, and fenced by the run's token."""

    key_id: str | None = None
    agent_id: str | None = None
    goal_id: str | None = None
    run: RunRef | None = None
    step_settles: bool = False
    """The call is a step of the run, which settles it when it is written."""

    def fields(self) -> dict[str, Any]:
        """What of it stands in a row of usage."""
        row: dict[str, Any] = {"key_id": self.key_id, "agent_id": self.agent_id, "goal_id": self.goal_id}
        if self.run is not None:
            row["run_id"], row["step"] = self.run.run_id, self.run.step or None
        return {name: value for name, value in row.items() if value is not None}

    def subject(self, scope: str) -> str | None:
        """Its id in a scope of limits and budgets."""
        if scope == "run":
            return None if self.run is None else self.run.run_id
        return {"key": self.key_id, "agent": self.agent_id, "goal": self.goal_id}.get(scope)


def caller_of(request: Scope, key_id: str | None) -> Caller:
    """The caller of a request: its key, and what the headers `X-Agent-Id`, `X-Goal-Id` and `X-Run-…` say.

    `X-Run-Id` goes with `X-Run-Token`, the token by which the run's worker holds it; `X-Run-Step` may tell the step.

    Raises:
        InvalidError: one of them is not what it should be, or stands without the other.
    """
    ids: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for name, value in request["headers"]:
        if name in _IDS and value:
            ids[_IDS[name]] = _id(value.decode("latin-1"), name.decode())
        elif name in _NUMBERS and value:
            numbers[_NUMBERS[name]] = _number(value.decode("latin-1"), name.decode())
    run_id, token = ids.get("run_id"), numbers.get("token")
    if (run_id is None) != (token is None):
        raise InvalidError.of(("x-run-token", "stands with x-run-id, and it with this"))
    run = None if run_id is None or token is None else RunRef(run_id, token, numbers.get("step", 0))
    return Caller(key_id, ids.get("agent_id"), ids.get("goal_id"), run)


def _id(text: str, field: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise InvalidError.of((field, "a UUID")) from None


def _number(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= _MOST):
        raise InvalidError.of((field, "a whole number"))
    return int(text)
