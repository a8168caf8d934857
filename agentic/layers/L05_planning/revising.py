"""Changes plans: whole ones that have not begun, and of those that have, what has not begun in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from agentic.layers.base.common_errors import StateError
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
        l01 = self._l01()
        board = await Board.of(l01, plan_id)
        if (status := board.plan["status"]) in OVER:
            raise StateError(f"The plan is {status}.", current_status=status)
        plan_type = edit.plan_type or board.plan["plan_type"]
        options = edit.options or board.options
        refuse(await self._checker.report(edit.steps, plan_type, options, board.plan["goal_id"]))
        revised = await self._revise(board, edit.steps, plan_type, options, expected)
        if revised["status"] == "executing" and revised["run_id"] is not None:
            await l01.runs.wake(revised["run_id"])
        return revised

    async def _revise(
        self, board: Board, raw: Sequence[Any], plan_type: str, options: Options, expected: int | None
    ) -> Plan:
        steps = {step.id: step for step in (validated(Step, each) for each in raw)}
        changed, removed = _differences(board.tasks, steps)
        body = {
            "plan_type": plan_type,
            "steps": list(raw),
            "options": options.model_dump(mode="json", exclude_unset=True),
            "changed": changed,
            "removed": removed,
        }
        try:
            return await self._l01().call(
                REVISE_PLAN, path={"id": board.plan["id"]}, body=body, expected=expected
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
        board = await Board.of(self._l01(), plan_id)
        revised = await self._revise(board, [*kept, *rest], "dag", board.options, None)
        return revised["version"]


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
