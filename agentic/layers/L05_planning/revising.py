"""Changes plans: whole ones that have not begun, and of those that have, what has not begun in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from agentic.layers.base.common_errors import ExistsError, StaleVersionError, StateError
from agentic.layers.base.operation import validated
from agentic.layers.base.states import PLAN, final_states
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.plan import REVISE_PLAN, Plan
from agentic.layers.L01_data_layer.models.task import Task
from agentic.layers.L05_planning.board import FINAL, Board, has_begun, said, task_fields
from agentic.layers.L05_planning.checking import Checker
from agentic.layers.L05_planning.errors import BegunError
from agentic.layers.L05_planning.making import refuse
from agentic.layers.L05_planning.models import Options, PlanEdit, Step

OVER: Final = final_states(PLAN)
TRIES: Final = 5


class Revising:
    """Gives plans other steps."""

    def __init__(self, l01: Callable[[], L01Client], checker: Checker) -> None:
        self._l01 = l01
        self._checker = checker

    async def edit(self, plan_id: str, edit: PlanEdit, expected: int | None) -> Plan:
        """Gives a plan other steps, and has the run that carries it know.

        Raises:
            PlanRefusedError: they are not right.
            BegunError: they change what has begun.
            StateError, StaleVersionError: the plan is over, or has changed.
        """
        plan = await self._l01().plans.get(plan_id)
        if plan["status"] in OVER:
            raise StateError(f"The plan is {plan['status']}.", current_status=plan["status"])
        plan_type = edit.plan_type or plan["plan_type"]
        options = edit.options or validated(Options, plan["options"])
        refuse(await self._checker.report(edit.steps, plan_type, options, plan["goal_id"]))
        revised = await self._revise(plan_id, edit.steps, plan_type, options, expected)
        if revised["status"] == "executing" and revised["run_id"] is not None:
            await self._l01().runs.wake(revised["run_id"])
        return revised

    async def _revise(
        self, plan_id: str, raw: Sequence[Any], plan_type: str, options: Options, expected: int | None
    ) -> Plan:
        """Tries until nobody was faster; when the caller says which version is meant, once."""
        for _ in range(TRIES):
            board = await Board.of(self._l01(), plan_id)
            try:
                return await self._revised(board, raw, plan_type, options, expected)
            except (StaleVersionError, ExistsError):
                if expected is not None:
                    raise
        raise StaleVersionError(f"The plan {plan_id} changes faster than it can be edited.")

    async def _revised(
        self, board: Board, raw: Sequence[Any], plan_type: str, options: Options, expected: int | None
    ) -> Plan:
        steps = {step.id: step for step in (validated(Step, each) for each in raw)}
        carried = board.plan["status"] == "executing"
        if carried and board.is_closed:
            raise BegunError("All steps of the plan are over: there is nothing in it that could be changed.")
        changed, removed = _differences(board.tasks, steps)
        added = [step for step_id, step in steps.items() if carried and step_id not in board.tasks]
        body = {
            "plan_type": plan_type,
            "steps": list(raw),
            "options": options.model_dump(mode="json", exclude_unset=True),
            "changed": changed,
            "removed": removed,
            "added": [
                {"step_id": step.id, "sequence_order": board.next_number + index, **task_fields(step)}
                for index, step in enumerate(added)
            ],
        }
        try:
            return await self._l01().call(
                REVISE_PLAN,
                path={"id": board.plan["id"]},
                body=body,
                expected=expected or board.plan["version"],
            )
        except StateError as error:
            if error.detail.startswith("The task "):
                raise BegunError(f"{error.detail} It cannot be changed any more.") from None
            raise

    # -- when a step failed and the rest is planned anew

    async def so_far(self, plan_id: str, failed: str) -> dict[str, Any]:
        """What was done of a plan: its goal, the steps that have begun, what they gave, and why one failed."""
        l01 = self._l01()
        board = await Board.of(l01, plan_id)
        goal_id = board.plan["goal_id"]
        begun = [raw for raw in board.plan["steps"] if _stays(board.tasks.get(raw["id"]))]
        return {
            "goal": await l01.goals.get(goal_id) if goal_id is not None else {},
            "steps": begun,
            "results": [
                {
                    "id": raw["id"],
                    "description": raw.get("description", ""),
                    "gave": board.outputs.get(raw["id"]),
                }
                for raw in begun
                if raw["id"] != failed
            ],
            "failure": {"id": failed, "error": board.tasks[failed]["error"]},
        }

    async def replace_rest(self, plan_id: str, kept: Sequence[Any], rest: Sequence[Any]) -> int:
        """Puts other steps in the place of those that have not begun; answers the plan's version."""
        options = validated(Options, (await self._l01().plans.get(plan_id))["options"])
        return (await self._revise(plan_id, [*kept, *rest], "dag", options, None))["version"]


def _stays(task: Task | None) -> bool:
    return task is not None and (has_begun(task) or task["status"] in FINAL)


def _differences(
    tasks: Mapping[str, Task], steps: Mapping[str, Step]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The tasks that get another form, and those that fall away.

    Raises:
        BegunError: one of them has begun.
    """
    changed: list[dict[str, Any]] = []
    removed: list[str] = []
    for step_id, task in tasks.items():
        step = steps.get(step_id)
        if task["status"] == "cancelled":
            if step is not None:
                raise BegunError(
                    f"The step {step_id!r} was taken out: what comes in its place needs another id."
                )
            continue
        if step is not None and task["input_data"].get("step") == said(step):
            continue
        if _stays(task):
            what = "taken out" if step is None else "changed"
            raise BegunError(f"The step {step_id!r} is {task['status']}, and cannot be {what} any more.")
        if step is None:
            removed.append(task["id"])
        else:
            changed.append({"id": task["id"], **task_fields(step)})
    return changed, removed
