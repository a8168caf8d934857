"""Who a model call is made for: what its usage is booked on, and which limits and budgets it falls under."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from starlette.types import Scope

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.models.run import RunRef

_HEADERS = {b"x-agent-id": "agent_id", b"x-run-id": "run_id", b"x-goal-id": "goal_id"}


class Caller(NamedTuple):
    """Some of an API key, an agent, a run and a goal. With `run`, the call is one of its steps and fenced by its token."""

    key_id: str | None = None
    agent_id: str | None = None
    run_id: str | None = None
    goal_id: str | None = None
    run: RunRef | None = None

    def fields(self) -> dict[str, Any]:
        """What of it stands in a row of usage."""
        row: dict[str, Any] = {}
        if self.key_id is not None:
            row["key_id"] = self.key_id
        if self.agent_id is not None:
            row["agent_id"] = self.agent_id
        if self.goal_id is not None:
            row["goal_id"] = self.goal_id
        if self.run is not None:
            row["run_id"], row["step"] = self.run.run_id, self.run.step
        elif self.run_id is not None:
            row["run_id"] = self.run_id
        return row

    def subject(self, scope: str) -> str | None:
        """Its id in a scope of limits and budgets."""
        if scope == "run":
            return self.run.run_id if self.run is not None else self.run_id
        return {"key": self.key_id, "agent": self.agent_id, "goal": self.goal_id}.get(scope)


def caller_of(request: Scope, key_id: str | None) -> Caller:
    """The caller of a request: its key, and what `X-Agent-Id`, `X-Run-Id` and `X-Goal-Id` say.

    Raises:
        InvalidError: one of them is no id.
    """
    told: dict[str, str] = {}
    for name, value in request["headers"]:
        if name in _HEADERS and value:
            told[_HEADERS[name]] = _id(value.decode("latin-1"), name.decode())
    return Caller(key_id, told.get("agent_id"), told.get("run_id"), told.get("goal_id"))


def _id(text: str, field: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise InvalidError.of((field, "a UUID")) from None
