"""A plan gets another form while it is carried out: its steps and the tasks that have not begun, all or nothing."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from agentic.layers.base.common_errors import NotFoundError, StateError
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.base.states import PLAN, final_states
from agentic.layers.L01_data_layer.models.plan import PlanRevision
from agentic.layers.L01_data_layer.services.plan_store import PlanStore, TaskStore
from agentic.layers.L01_data_layer.services.resource_service import parse_id
from agentic.layers.L01_data_layer.store import Transaction

FINAL: Final = final_states(PLAN)
NOT_BEGUN: Final = ("pending", "ready")
LOCK_PLAN: Final = "SELECT status FROM plans WHERE id = $1 FOR NO KEY UPDATE"
LOCK_TASKS: Final = """
SELECT id, status, step_id FROM tasks WHERE id = ANY($1::uuid[]) AND plan_id = $2 ORDER BY id FOR NO KEY UPDATE
"""


class PlanRevisions:
    """Changes plans together with their tasks. Who begins a task meanwhile finds that its version has changed."""

    def __init__(self, plans: PlanStore, tasks: TaskStore) -> None:
        self._plans = plans
        self._tasks = tasks

    async def revise(self, call: Call) -> Answer:
        """Gives a plan other steps, and its tasks their new form; refused when one of those has begun, or is there already."""
        plan_id = parse_id(call.path["id"])
        body = validated(PlanRevision, call.body)
        fields = {"steps", "plan_type", "options"} & body.model_fields_set
        changes = {name: body.__dict__[name] for name in fields if body.__dict__[name] is not None}
        async with self._plans.store.transaction() as tx:
            await self._lock(tx, plan_id, [each.id for each in body.changed] + body.removed)
            answer = await self._plans.change_in(tx, plan_id, changes, call.expected)
            for each in body.changed:
                new: dict[str, Any] = {**each.__dict__}
                await self._tasks.change_in(tx, new.pop("id"), new, None)
            for task_id in body.removed:
                await self._tasks.change_in(tx, task_id, {"status": "cancelled"}, None)
            added = [self._tasks.new({**each.__dict__, "plan_id": plan_id}) for each in body.added]
            await tx.create_all(self._tasks.statements, added)
        return answer

    async def _lock(self, tx: Transaction, plan_id: UUID, task_ids: list[UUID]) -> None:
        plans = await tx.fetch(LOCK_PLAN, plan_id)
        if not plans:
            raise self._plans.missing(plan_id)
        if (status := plans[0]["status"]) in FINAL:
            raise StateError(f"The plan {plan_id} is {status}.", current_status=status)
        tasks = {row["id"]: row for row in await tx.fetch(LOCK_TASKS, sorted(set(task_ids)), plan_id)}
        for task_id in task_ids:
            if task_id not in tasks:
                raise NotFoundError(f"The plan has no task {task_id}.")
            if (status := tasks[task_id]["status"]) not in NOT_BEGUN:
                step_id = tasks[task_id]["step_id"]
                raise StateError(f"The task {step_id or task_id} is {status}.", current_status=status)
