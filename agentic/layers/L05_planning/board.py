"""The tasks of a plan that is carried out: a row for each step, told what becomes of it.

A row is the truth of what has begun: with it stand the step as it was then and the input that was made for it, so that a later
edit of the plan changes nothing of it. What is told twice, because a process ended between a step of the run and this, is refused
by the row's state, and that is well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from agentic.layers.base.common_errors import ExistsError, StaleVersionError, StateError
from agentic.layers.base.operation import validated
from agentic.layers.base.states import TASK, final_states
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.plan import Plan
from agentic.layers.L01_data_layer.models.task import Task
from agentic.layers.L05_planning.models import Options, Step

FINAL: Final = final_states(TASK)
AT_ONCE: Final = 200


class Board:
    """The plan and its tasks, as this process knows them."""

    def __init__(self, l01: L01Client, plan: Plan, tasks: Iterable[Task]) -> None:
        self._l01 = l01
        self.plan = plan
        self._read: tuple[dict[str, Step], Options] | None = None
        self.tasks: dict[str, Task] = {}
        self.outputs: dict[str, Any] = {}
        """What the steps gave that are completed."""
        self.skipped: set[str] = set()
        for task in tasks:
            self._take(task)

    @classmethod
    async def of(cls, l01: L01Client, plan_id: str) -> Board:
        """The board of a plan, read anew: the plan last, so that a task is never newer than the form that it is begun in."""
        tasks = [task async for task in l01.tasks.all(plan_id=plan_id, limit=1000)]
        return cls(l01, await l01.plans.get(plan_id), tasks)

    @property
    def steps(self) -> dict[str, Step]:
        """The steps of the plan as it is now, by id.

        Raises:
            InvalidError: they were never checked.
        """
        return self._form()[0]

    @property
    def options(self) -> Options:
        """What holds for the whole plan."""
        return self._form()[1]

    def _form(self) -> tuple[dict[str, Step], Options]:
        if self._read is None:
            steps = (validated(Step, step) for step in self.plan["steps"])
            self._read = {step.id: step for step in steps}, validated(Options, self.plan["options"])
        return self._read

    async def refresh(self) -> None:
        """Reads the plan anew, and the tasks that it has."""
        fresh = await Board.of(self._l01, self.plan["id"])
        self.plan, self._read = fresh.plan, None
        for task in fresh.tasks.values():
            self._take(task)

    def _take(self, task: Task) -> None:
        """Knows a task, unless it is known as it became later."""
        step_id = task["step_id"]
        if step_id is None or ((known := self.tasks.get(step_id)) and known["version"] > task["version"]):
            return
        self.tasks[step_id] = task
        if task["status"] == "completed":
            self.outputs[step_id] = task["output_data"]
        elif task["status"] == "skipped":
            self.skipped.add(step_id)

    async def make_tasks(self) -> None:
        """Gives each step its task. Once each has one, whoever edits the plan sees them all, and changes them with it."""
        while missing := [step for step in self.steps.values() if step.id not in self.tasks]:
            await self._make_all(missing, self.next_number)
            await self.refresh()
        for step_id, task in self.tasks.items():
            if step_id not in self.steps and not has_begun(task):  # taken out while it was made
                await self.tell(step_id, "cancelled")

    @property
    def next_number(self) -> int:
        """The first number that no task has: by it, its run finds it again, so it is never given twice."""
        return 1 + max((task["sequence_order"] for task in self.tasks.values()), default=-1)

    async def _make_all(self, missing: Sequence[Step], number: int) -> None:
        for start in range(0, len(missing), AT_ONCE):
            together = missing[start : start + AT_ONCE]
            made = await asyncio.gather(
                *(self._make(step, number + start + index) for index, step in enumerate(together))
            )
            for task in made:
                if task is not None:
                    self._take(task)

    async def _make(self, step: Step, number: int) -> Task | None:
        try:
            return await self._l01.tasks.create(
                plan_id=self.plan["id"], step_id=step.id, sequence_order=number, **task_fields(step)
            )
        except (
            ExistsError
        ):  # by who edits the plan, or by a process that carried it before and is not gone yet
            return None

    async def begin(self, step_id: str, given: Any, agent_id: str | None) -> bool:
        """Says that a step begins, with this input. False: it was changed meanwhile, or begun by somebody else."""
        task = self.tasks[step_id]
        changes: dict[str, Any] = {"status": "running", "input_data": {**task["input_data"], "input": given}}
        if agent_id is not None:
            changes["agent_id"] = agent_id
        return await self._change(task, changes)

    async def tell(
        self, step_id: str, status: str, *, output: Any = None, error: Mapping[str, Any] | None = None
    ) -> bool:
        """Says what became of a step; once it is said, it stays. False: somebody has changed it meanwhile."""
        task = self.tasks[step_id]
        if task["status"] in FINAL:
            return True
        changes: dict[str, Any] = {"status": status, "output_data": output}
        if error is not None:
            changes["error"] = dict(error)
        return await self._change(task, changes)

    async def _change(self, task: Task, changes: Mapping[str, Any]) -> bool:
        try:
            changed = await self._l01.tasks.update(task["id"], changes, expected_version=task["version"])
        except (StaleVersionError, StateError):
            self._take(await self._l01.tasks.get(task["id"]))
            return False
        self._take(changed)
        return True

    async def close(self) -> bool:
        """Says how many steps are over, now that all are. False: somebody has edited the plan meanwhile."""
        if self.is_closed:
            return True
        try:
            self.plan = await self._l01.plans.update(
                self.plan["id"], {"current_step": self.over}, expected_version=self.plan["version"]
            )
        except StaleVersionError:
            return False
        return True

    @property
    def is_closed(self) -> bool:
        """Whether it was said that all steps are over: from then on the plan is no longer edited."""
        return self.plan["current_step"] == len(self.tasks) == self.over

    async def cancel_rest(self) -> None:
        """Nothing more becomes of the tasks that are not over."""
        rest = [step_id for step_id, task in self.tasks.items() if task["status"] not in FINAL]
        for start in range(0, len(rest), AT_ONCE):
            await asyncio.gather(
                *(self.tell(step_id, "cancelled") for step_id in rest[start : start + AT_ONCE])
            )

    @property
    def over(self) -> int:
        """How many tasks are over."""
        return sum(task["status"] in FINAL for task in self.tasks.values())


def has_begun(task: Task) -> bool:
    """Whether something was done for a task, or is."""
    return task["started_at"] is not None


def step_of(task: Task) -> Step:
    """The step that a task is, as it was when it was begun or last changed."""
    return validated(Step, task["input_data"]["step"])


def said(step: Step) -> dict[str, Any]:
    """A step as it was said."""
    return step.model_dump(mode="json", by_alias=True, exclude_unset=True)


def task_fields(step: Step) -> dict[str, Any]:
    """What a task says of the step that it is."""
    kind = next(name for name in ("agent", "tool", "capability", "goal") if getattr(step, name) is not None)
    goal = step.goal.description if step.goal is not None else None
    return {
        "description": step.description or goal or step.id,
        "task_type": "agent" if kind == "capability" else kind,
        "input_data": {"step": said(step)},
    }
