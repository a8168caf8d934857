"""What people say to approvals, and what their silence says; the runs that wait for it go on."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from agentic.layers.base.common_errors import StateError
from agentic.layers.base.ids import now
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.models.approval import ApprovalDecision
from agentic.layers.L01_data_layer.models.tool import EffectResolve
from agentic.layers.L01_data_layer.services.approval_store import LOCK, ApprovalStore
from agentic.layers.L01_data_layer.services.resource_service import parse_id
from agentic.layers.L01_data_layer.services.run_control import LOCK as LOCK_RUNS
from agentic.layers.L01_data_layer.services.run_store import RunStore
from agentic.layers.L01_data_layer.services.tool_execution_log import ToolExecutionLog
from agentic.layers.L01_data_layer.store import Transaction

RUN_OF: Final = "SELECT run_id FROM approvals WHERE id = $1"
RUN_OF_EXECUTION: Final = "SELECT run_id FROM tool_executions WHERE id = $1"
ASKED: Final = (
    "SELECT id FROM approvals WHERE execution_id = $1 AND status = 'pending' ORDER BY id FOR UPDATE"
)
EXPIRED: Final = """
SELECT id, run_id FROM approvals WHERE status IN ('pending', 'approved') AND expires_at <= now() ORDER BY expires_at LIMIT 100
"""


class Decisions:
    """Changes an approval together with its run. The run is locked first, as by whoever cancels it."""

    def __init__(self, runs: RunStore, approvals: ApprovalStore, executions: ToolExecutionLog) -> None:
        self._runs = runs
        self._approvals = approvals
        self._executions = executions
        self._store = runs.store

    async def decide(self, call: Call) -> Answer:
        """A person's word. The run that waits for it goes on at once."""
        approval_id = parse_id(call.path["id"])
        body = validated(ApprovalDecision, call.body)
        row = await self._store.database.fetchrow(RUN_OF, approval_id)
        if row is None:
            raise self._approvals.missing(approval_id)
        changes = {"status": body.decision, "decided_by": body.by, "reason": body.reason}
        async with self._store.transaction() as tx:
            await self._lock_run(tx, row["run_id"])
            status, expires_at = (await tx.fetch(LOCK, approval_id))[0]
            if status == "pending" and expires_at is not None and expires_at <= now():
                status = "expired"
            if status != "pending":
                raise StateError(f"The approval {approval_id} is {status}.", current_status=status)
            return await self._change(tx, approval_id, row["run_id"], changes)

    async def resolve(self, call: Call) -> Answer:
        """A person's word on how an execution ended that nobody saw. The run that waits for it goes on at once."""
        execution_id = parse_id(call.path["id"])
        changes = dict(validated(EffectResolve, call.body).__dict__)
        said = {"status": "approved", "decided_by": changes.pop("by")}
        row = await self._store.database.fetchrow(RUN_OF_EXECUTION, execution_id)
        if row is None:
            raise self._executions.missing(execution_id)
        async with self._store.transaction() as tx:
            await self._lock_run(tx, row["run_id"])
            answer = await self._executions.resolve_in(tx, execution_id, changes)
            for asked in await tx.fetch(ASKED, execution_id):
                await self._approvals.change_in(tx, asked["id"], dict(said), None)
            if row["run_id"] is not None:
                await self._runs.wake_in(tx, row["run_id"])
            return answer

    async def expire(self) -> int:
        """Ends the approvals whose time is over; answers how many."""
        rows = await self._store.database.fetch(EXPIRED)
        for row in rows:
            async with self._store.transaction() as tx:
                await self._lock_run(tx, row["run_id"])
                status, expires_at = (await tx.fetch(LOCK, row["id"]))[0]
                if status in ("pending", "approved") and expires_at is not None and expires_at <= now():
                    await self._change(tx, row["id"], row["run_id"], {"status": "expired"})
        return len(rows)

    async def _lock_run(self, tx: Transaction, run_id: UUID | None) -> None:
        if run_id is not None:
            await tx.fetch(LOCK_RUNS, [run_id])

    async def _change(
        self, tx: Transaction, approval_id: UUID, run_id: UUID | None, changes: dict[str, Any]
    ) -> Answer:
        answer = await self._approvals.change_in(tx, approval_id, changes, None)
        if run_id is not None:
            await self._runs.wake_in(tx, run_id)
        return answer
