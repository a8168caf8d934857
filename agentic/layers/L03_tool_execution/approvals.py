"""Asking a person before a call, after one whose end nobody saw, or because asking is what the tool does.

A question is a record of the data layer that says exactly what would be done. It is found again by the key of the call,
so that a call that is made again after a pause or a crash asks nobody twice; and it is used up by the one execution that
it allows, in the statement that reserves it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from agentic.layers.base.common_errors import IdempotencyError
from agentic.layers.base.ids import now, timestamp
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.approval import Approval
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L01_data_layer.models.tool import ToolExecution
from agentic.layers.L03_tool_execution.errors import ApprovalMismatchError, NotApprovedError
from agentic.layers.L03_tool_execution.ledger import ordered
from agentic.layers.L03_tool_execution.tool import Tool
from agentic.layers.L03_tool_execution.validation import schema_of

LONGEST_TITLE: Final = 300


class Approvals:
    """The questions of calls."""

    def __init__(self, client: Callable[[], L01Client], days: float) -> None:
        self._client = client
        self._days = days

    @staticmethod
    def wanted(tool: Tool, arguments: dict[str, Any]) -> bool:
        """Whether a person is to be asked before this call."""
        if tool.asks or tool.rules.approval:
            return True
        return any(not schema_of(schema).errors(arguments) for schema in tool.rules.approval_when or ())

    async def of_call(
        self,
        tool: Tool,
        arguments: dict[str, Any],
        key: str,
        agent_id: str | None,
        run: RunRef | None,
        approval_id: str | None = None,
    ) -> Approval:
        """The question about this call: the one that `approval_id` names, the one that was asked, or a new one.

        A call without a run finds the question that was asked for it by `approval_id` only.

        Raises:
            ApprovalMismatchError: that one is about something else.
        """
        request = {"tool": tool.name, "arguments": arguments, "effect_key": key}
        if approval_id is not None:
            found = await self._client().approvals.get(approval_id)
            if not _is_about(found, request, agent_id):
                raise ApprovalMismatchError
            return found
        if (
            asked := await self._asked(run, lambda each: each["request"].get("effect_key") == key)
        ) is not None:
            return asked
        title = str(arguments["question"]) if tool.asks else f"Use {tool.name}?"
        return await self._ask(title, request, agent_id, run)

    async def after(self, execution: ToolExecution, name: str, run: RunRef) -> Approval:
        """The question whether a call of a run is to be made again, of which nobody saw the end."""

        def same(each: Approval) -> bool:
            return each["execution_id"] == execution["id"] and each["request"].get("again") is True

        if (asked := await self._asked(run, same)) is not None:
            return asked
        request = {
            "tool": name,
            "arguments": execution["input_params"],
            "execution_id": execution["id"],
            "started_at": execution["started_at"],
            "again": True,
        }
        title = f"{name} may have been carried out, but nobody saw how it ended. Do it again?"
        try:
            return await self._ask(title, request, execution["agent_id"], run, execution["id"])
        except IdempotencyError:
            # Who carried the run a moment ago has asked just now. Two questions, both answered, would be two effects.
            asked = await self._asked(run, same)
            assert asked is not None
            return asked

    async def get(self, approval_id: str) -> Approval:
        """A question as it stands."""
        return await self._client().approvals.get(approval_id)

    async def _asked(self, run: RunRef | None, same: Callable[[Approval], bool]) -> Approval | None:
        if run is None:
            return None
        async for each in self._client().approvals.all(run_id=run.run_id):
            if same(each):
                return each
        return None

    async def _ask(
        self,
        title: str,
        request: dict[str, Any],
        agent_id: str | None,
        run: RunRef | None,
        execution_id: str | None = None,
    ) -> Approval:
        fields = {
            "run_id": run and run.run_id,
            "agent_id": agent_id,
            "execution_id": execution_id,
        }
        return await self._client().approvals.create(
            title=title[:LONGEST_TITLE],
            request=request,
            expires_at=timestamp(now() + timedelta(days=self._days)),
            idempotency_key=None if execution_id is None else f"again:{execution_id}",
            **{name: value for name, value in fields.items() if value is not None},
        )


def _is_about(approval: Approval, request: dict[str, Any], agent_id: str | None) -> bool:
    asked = approval["request"]
    return (
        asked.get("tool") == request["tool"]
        and ordered(asked.get("arguments")) == ordered(request["arguments"])
        and approval["agent_id"] == agent_id
    )


def refusal(approval: Approval) -> NotApprovedError:
    """What the model is told of a call that was not allowed."""
    by = approval["decided_by"] or "A person"
    told = {
        "denied": f"{by} refused this call.",
        "expired": "Nobody allowed this call in time.",
        "consumed": "The approval of this call was used already.",
    }.get(approval["status"], "This call was not allowed.")
    return NotApprovedError(f"{told} {approval['reason'] or ''}".strip())
