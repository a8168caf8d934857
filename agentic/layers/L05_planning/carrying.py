"""Carries plans out: the jobs of this layer. Each plan is a run, each of its steps a branch of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.task import Task
from agentic.layers.L02_agent_runtime.jobs import AgentCodeError, ChildRun, Jobs, RunContext
from agentic.layers.L05_planning.board import Board
from agentic.layers.L05_planning.course import Course
from agentic.layers.L05_planning.criteria import Judge, verdicts
from agentic.layers.L05_planning.directory import Directory
from agentic.layers.L05_planning.ending import Ending, detail_of
from agentic.layers.L05_planning.errors import CriteriaError, PlanFailedError
from agentic.layers.L05_planning.making import Draft, Making, refusal
from agentic.layers.L05_planning.models import Options, Step, SubGoal
from agentic.layers.L05_planning.revising import Revising
from agentic.layers.L05_planning.settings import L05Settings
from agentic.layers.L05_planning.step_work import StepWork

REPLANNING: Final = 1_000_000
"""The branch in which the rest is planned anew after the step of a branch failed, counted from here."""


class Carrying:
    """What carries plans."""

    def __init__(
        self,
        l01: Callable[[], L01Client],
        jobs: Jobs,
        directory: Directory,
        making: Making,
        revising: Revising,
        ending: Ending,
        judge: Callable[[], Judge],
        settings: L05Settings,
    ) -> None:
        self._l01 = l01
        self._directory = directory
        self._making = making
        self._revising = revising
        self._ending = ending
        self._judge = judge
        self._settings = settings
        self.plans = jobs.define(self.carry_plan)
        self.goals = jobs.define(self.carry_goal)
        self.drafts = jobs.define(self.plan_goal)

    # -- the jobs

    async def carry_plan(self, ctx: RunContext, value: Any) -> Any:
        """Carries a plan out that was approved."""
        return await self._carry(ctx, value["plan_id"])

    async def plan_goal(self, ctx: RunContext, value: Any) -> Any:
        """Has a model make a plan for a goal: a draft, or the reasons why there is none."""
        goal = await ctx.step("goal", self._l01().goals.get, value["goal_id"])
        wishes = value["wishes"]
        steps, problems = await self._making.by_model(ctx, goal, wishes)
        if problems:
            return {"plan_id": None, "problems": problems}
        options = Options.model_validate(wishes.get("options") or {})
        draft = Draft(steps, "dag", options, wishes.get("agent_id"))
        return {"plan_id": await ctx.step("plan", self._keep, goal["id"], draft, f"{ctx.run_id}:plan")}

    async def carry_goal(self, ctx: RunContext, value: Any) -> Any:
        """Plans a goal that is a step of another plan, and carries that out."""
        goal_id, sub = value["goal_id"], SubGoal.model_validate(value["goal"])
        if sub.model is not None:
            goal = {"id": goal_id, "description": sub.description, "success_criteria": sub.success_criteria}
            steps, problems = await self._making.by_model(ctx, goal, {"model": sub.model})
            if problems:
                raise refusal(problems)
            draft = Draft(steps, "dag", sub.options)
        elif sub.template is not None:
            draft = await self._making.from_template(sub.template, sub.parameters)
        else:
            draft = Draft(sub.steps or [], sub.plan_type, sub.options)
        plan_id = await ctx.step("plan", self._keep, goal_id, draft, f"{ctx.run_id}:plan")
        await ctx.aside(lambda: self._put_to_work(plan_id, ctx.run_id))
        return await self._carry(ctx, plan_id)

    async def _keep(self, goal_id: str, draft: Draft, key: str) -> str:
        return (await self._making.keep(goal_id, draft, key))["id"]

    async def _put_to_work(self, plan_id: str, run_id: str) -> None:
        plan = await self._l01().plans.get(plan_id)
        if plan["status"] == "draft":
            await self._l01().plans.update(plan_id, {"status": "approved"})
        await self._ending.begin(plan_id, run_id)

    # -- carrying

    async def _carry(self, ctx: RunContext, plan_id: str) -> Any:
        l01 = self._l01()
        await ctx.aside(lambda: self._ending.begin(plan_id, ctx.run_id))
        board = await ctx.aside(lambda: Board.of(l01, plan_id))
        work = StepWork(board, self._directory, self._sub_goal, self._settings.longest_backoff)
        course = Course(ctx, board, work, self._replan)
        await course.to_end()
        failure = course.failure
        if failure is not None:
            error = {"code": PlanFailedError.code, "detail": detail_of(failure), "step": failure["step"]}
            await ctx.aside(lambda: self._ending.stop(board, "failed", error))
            raise PlanFailedError(error["detail"])
        return await self._completed(ctx, board, course.outputs())

    async def _completed(self, ctx: RunContext, board: Board, outputs: dict[str, Any]) -> Any:
        found: list[dict[str, Any]] = []
        if (goal_id := board.plan["goal_id"]) is not None:
            found = await ctx.step("criteria", self._verdicts, goal_id, outputs)
        missed = [each for each in found if each["passed"] is False]
        result = {"outputs": outputs, "criteria": found}
        status = "failed" if missed else "completed"
        await ctx.aside(lambda: self._ending.complete(board, status, result))
        if missed:
            raise CriteriaError(
                f"{len(missed)} of {len(found)} criteria are not met: {missed[0]['criterion']}"
            )
        return outputs

    async def _verdicts(self, goal_id: str, outputs: Mapping[str, Any]) -> list[dict[str, Any]]:
        criteria = (await self._l01().goals.get(goal_id))["success_criteria"]
        return await verdicts(self._judge(), criteria, outputs) if criteria else []

    # -- what single steps need

    async def _sub_goal(self, ctx: RunContext, task: Task, step: Step) -> ChildRun:
        """Carries a goal out that is a step: a goal below this one, a plan and a run of its own."""
        assert step.goal is not None
        value = step.goal.model_dump(mode="json", by_alias=True, exclude_unset=True)
        goal_id = await ctx.step("goal", self._make_goal, task, step)
        limits = step.goal.options.limits.model_dump(exclude_none=True)
        if step.limits is not None:
            limits |= step.limits.model_dump(exclude_none=True)
        return await self.goals.child(
            ctx,
            f"goal: {step.goal.description}",
            {"goal_id": goal_id, "goal": value},
            {"limits": limits},
            task_id=task["id"],
            goal_id=goal_id,
        )

    async def _make_goal(self, task: Task, step: Step) -> str:
        assert step.goal is not None and task["plan_id"] is not None
        plan = await self._l01().plans.get(task["plan_id"])
        goal = await self._l01().goals.create(
            agent_id=plan["agent_id"],
            description=step.goal.description,
            success_criteria=step.goal.success_criteria,
            parent_goal_id=plan["goal_id"],
            idempotency_key=f"task:{task['id']}",
        )
        return goal["id"]

    async def _replan(self, ctx: RunContext, board: Board, step_id: str) -> dict[str, Any] | None:
        """Has a model plan the rest anew; answers why not, if it could not."""
        number = REPLANNING + board.tasks[step_id]["sequence_order"]
        return await ctx.branch(number, lambda: self._planned_anew(ctx, board, step_id))

    async def _planned_anew(self, ctx: RunContext, board: Board, step_id: str) -> dict[str, Any] | None:
        before = await ctx.step("before", self._revising.so_far, board.plan["id"], step_id)
        wishes = {"model": board.options.model, "done": before}
        steps, problems = await self._making.by_model(ctx, before["goal"], wishes)
        if problems:
            return {"problems": problems}
        try:
            await ctx.step("rest", self._revising.replace_rest, board.plan["id"], before["steps"], steps)
        except AgentCodeError as error:
            return {"detail": error.detail}
        return None
