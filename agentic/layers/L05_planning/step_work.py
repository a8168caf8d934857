"""One step of a plan, from its beginning to its end, in a branch of the run that carries the plan."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, cast

from agentic.layers.L01_data_layer.models.task import Task
from agentic.layers.L02_agent_runtime.jobs import ChildRun, RunContext, ToolCallError
from agentic.layers.L05_planning.board import FINAL, Board, has_begun, step_of
from agentic.layers.L05_planning.conditions import holds
from agentic.layers.L05_planning.directory import Directory
from agentic.layers.L05_planning.models import Retry, Step
from agentic.layers.L05_planning.references import NothingThereError, SkippedError, resolved

GOOD: Final = ("completed", "skipped")
CHANGED: Final = "changed"
"""Of a step that was edited in the moment in which it was to begin: whether it may is to be seen again."""
SubGoalWork = Callable[[RunContext, Task, Step], Awaitable[ChildRun]]


class Ended(NamedTuple):
    """What became of a step. `error` says why it has nothing to give, and as `then` what follows from that."""

    status: str
    output: Any = None
    error: dict[str, Any] | None = None


class StepWork:
    """Does the steps of one plan."""

    def __init__(
        self, board: Board, directory: Directory, sub_goal: SubGoalWork, longest_backoff: float
    ) -> None:
        self._board = board
        self._directory = directory
        self._sub_goal = sub_goal
        self._longest_backoff = longest_backoff
        self._replanned = {
            step_id for step_id, task in board.tasks.items() if (task["error"] or {}).get("then") == "replan"
        }

    async def do(self, ctx: RunContext, step_id: str) -> Ended:
        """Does a step, or finds what was done of it and goes on."""
        task = self._board.tasks[step_id]
        if not has_begun(task):
            if (ended := await ctx.aside(lambda: self._begin(step_id))) is not None:
                return ended
            task = self._board.tasks[step_id]
        step = step_of(task)
        ended = await self._carried(ctx, task, step, task["input_data"].get("input"))
        if task["status"] in FINAL:
            return _as_told(task)._replace(output=ended.output)
        ended = self._decided(step, ended)
        await ctx.aside(
            lambda: self._board.tell(step_id, ended.status, output=ended.output, error=ended.error)
        )
        return ended

    # -- the beginning

    async def _begin(self, step_id: str) -> Ended | None:
        """Says that the step begins, with its input; answers its end when it does not, or that it was changed."""
        task = self._board.tasks[step_id]
        if task["status"] in FINAL:
            return _as_told(task)
        step = step_of(task)
        given, ended = self._given(step)
        agent_id, ended = await self._agent_of(step, ended)
        if ended is None:
            if await self._board.begin(step_id, given, agent_id):
                return None
        elif await self._board.tell(step_id, ended.status, error=ended.error):
            return ended
        task = self._board.tasks[step_id]  # somebody has edited it, or has begun it before us
        return None if has_begun(task) else Ended(CHANGED)

    def _not_wanted(self, step: Step) -> Ended | None:
        if step.condition is None:
            return None
        try:
            if holds(step.condition, self._board.outputs, self._board.skipped):
                return None
        except SkippedError as error:
            return _skipped(f"its condition looks at {error.step!r}, which was skipped")
        except NothingThereError:
            pass  # nothing meets no condition
        return _skipped("its condition is not met")

    def _given(self, step: Step) -> tuple[Any, Ended | None]:
        """What a step is given; or how it ends without having begun."""
        if (ended := self._not_wanted(step)) is not None:
            return None, ended
        try:
            return resolved(step.input, self._board.outputs, self._board.skipped), None
        except SkippedError as error:
            return None, _skipped(f"it needs what {error.step!r} gives, which was skipped")
        except NothingThereError as nothing:
            error = {"code": "reference", "detail": str(nothing)}
            return None, self._decided(step, Ended("failed", error=error))

    async def _agent_of(self, step: Step, ended: Ended | None) -> tuple[str | None, Ended | None]:
        if ended is not None or (step.agent is None and step.capability is None):
            return None, ended
        if step.agent is not None:
            agent = (await self._directory.agents([step.agent])).get(step.agent)
        else:
            agent = (await self._directory.capable([step.capability or ""])).get(step.capability or "")
        if agent is None:
            wanted = step.agent or step.capability
            error = {"code": "agent", "detail": f"nobody is {wanted!r} any more"}
            return None, self._decided(step, Ended("failed", error=error))
        return agent["id"], None

    # -- the work

    async def _carried(self, ctx: RunContext, task: Task, step: Step, given: Any) -> Ended:
        if step.approval is not False:
            question = (
                step.approval if isinstance(step.approval, str) else f"Go on with {task['description']}?"
            )
            request = {"plan_id": task["plan_id"], "task_id": task["id"], "step": step.id, "input": given}
            decision = await ctx.ask(question[:255], request)
            if not decision.approved:
                reason = decision.reason or "no reason was given"
                return Ended("failed", error={"code": "denied", "detail": f"A person said no: {reason}"})
        ended = Ended("failed")
        for attempt in range(1, step.retry.attempts + 1):
            if attempt > 1:
                await ctx.sleep(self._pause(step.retry, attempt - 1))
            ended = await self._tried(ctx, task, step, given)
            if ended.status in GOOD:
                return ended
        tried = {} if step.retry.attempts == 1 else {"attempts": step.retry.attempts}
        return ended._replace(error={**(ended.error or {}), **tried})

    def _pause(self, retry: Retry, tries: int) -> float:
        """Doubles with each try, half of it by chance: what failed together is not tried again together."""
        longest = min(retry.backoff * 2 ** (tries - 1), self._longest_backoff)
        return longest * random.uniform(0.5, 1.0)

    async def _tried(self, ctx: RunContext, task: Task, step: Step, given: Any) -> Ended:
        if step.tool is not None:
            return await self._used(ctx, step.tool, {} if given is None else given)
        if step.goal is not None:
            child = await self._sub_goal(ctx, task, step)
        else:
            limits = None if step.limits is None else step.limits.model_dump(exclude_none=True)
            child = await ctx.child(
                task["agent_id"] or "",
                step.description if given is None else given,
                configuration={"limits": limits} if limits else None,
                task_id=task["id"],
                name=step.agent or step.capability,
            )
        if child.status == "completed":
            return Ended("completed", child.output)
        detail = (child.error or {}).get("detail", "no reason is known")
        return Ended("failed", error={"code": child.status, "detail": detail, "run_id": child.run_id})

    async def _used(self, ctx: RunContext, tool: str, given: Any) -> Ended:
        if not isinstance(given, Mapping):
            return Ended("failed", error={"code": "arguments", "detail": "a tool is given an object"})
        try:
            return Ended("completed", await ctx.tool(tool, cast("Mapping[str, Any]", given)))
        except ToolCallError as error:
            return Ended("failed", error={"code": error.code, "detail": error.detail})

    # -- the end

    def _decided(self, step: Step, ended: Ended) -> Ended:
        """What follows from a failure: said in the task, so that it follows again when the run is carried anew."""
        if ended.status != "failed":
            return ended
        then = step.on_failure or self._board.options.on_failure
        if then == "replan":
            if self._board.plan["goal_id"] is None or len(self._replanned) >= self._board.options.replans:
                then = "stop"
            else:
                self._replanned.add(step.id)
        error = {**(ended.error or {}), "then": then}
        return Ended("skipped" if then == "skip" else "failed", None, error)


def _skipped(why: str) -> Ended:
    return Ended("skipped", error={"code": "skipped", "detail": why})


def _as_told(task: Task) -> Ended:
    return Ended(task["status"], task["output_data"], task["error"])
