"""What may be asked of the planning layer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError, NotFoundError, StateError
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.base.states import GOAL, RUN, final_states
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.plan import Plan
from agentic.layers.L05_planning.carrying import Carrying
from agentic.layers.L05_planning.checking import Checker
from agentic.layers.L05_planning.client import rests
from agentic.layers.L05_planning.ending import Ending
from agentic.layers.L05_planning.errors import PlanFailedError
from agentic.layers.L05_planning.making import Draft, Making, refusal, refuse
from agentic.layers.L05_planning.models import (
    Execution,
    Options,
    PlanEdit,
    PlanLook,
    PlanMaking,
    Planned,
    PlanState,
    Stop,
)
from agentic.layers.L05_planning.revising import Revising

T = TypeVar("T")

LOOK: Final = 0.25
"""Seconds after which a waiting request looks again."""
FIRST_LOOK: Final = 0.02
OVER: Final = final_states(RUN)
CLOSED: Final = final_states(GOAL)


class Planning:
    """Plans for goals: made, checked, approved, carried out, changed."""

    def __init__(
        self,
        l01: Callable[[], L01Client],
        checker: Checker,
        making: Making,
        revising: Revising,
        carrying: Carrying,
        ending: Ending,
    ) -> None:
        self._l01 = l01
        self._checker = checker
        self._making = making
        self._revising = revising
        self._carrying = carrying
        self._ending = ending

    # -- making

    async def make(self, call: Call) -> Answer:
        """A plan for a goal, a draft. One of steps or of a template is there at once; one by a model when its run is done."""
        body = validated(PlanMaking, call.body)
        goal = await self._l01().goals.get(call.path["id"])
        if goal["status"] in CLOSED:
            raise StateError(f"The goal is {goal['status']}.", current_status=goal["status"])
        if sum(each is not None for each in (body.steps, body.template, body.model)) > 1:
            raise InvalidError.of(("body", "takes one of steps, template and model"))
        agent_id = str(body.agent_id) if body.agent_id else goal["agent_id"]
        if body.steps is not None:
            draft = Draft(body.steps, body.plan_type, body.options, agent_id)
        elif body.template is not None:
            made = await self._making.from_template(body.template, body.parameters)
            draft = made._replace(agent_id=agent_id)
        else:
            return await self._by_model(goal["id"], body, agent_id)
        plan = await self._making.keep(goal["id"], draft)
        return _answer({"plan": plan, "run_id": None})

    async def _by_model(self, goal_id: str, body: PlanMaking, agent_id: str | None) -> Answer:
        wishes = body.model_dump(mode="json", include={"model", "instructions", "tools", "agents"})
        wishes |= {"options": body.options.model_dump(mode="json", exclude_unset=True), "agent_id": agent_id}
        run = await self._carrying.drafts.begin({"goal_id": goal_id, "wishes": wishes}, goal_id=goal_id)
        return _answer(await self._planned(run["id"], body.wait))

    async def planned(self, call: Call) -> Answer:
        """What a model's run has made of a goal."""
        return _answer(await self._planned(call.path["id"], validated(PlanLook, call.query).wait))

    async def _planned(self, run_id: str, wait: int) -> Planned:
        l01 = self._l01()
        run = await _until(lambda: l01.runs.get(run_id), lambda run: run["status"] in OVER, wait)
        if run["configuration"].get("function") != self._carrying.drafts.reference:
            raise NotFoundError(f"The run {run_id} makes no plan.")
        if run["status"] not in OVER:
            return {"plan": None, "run_id": run_id}
        if run["status"] != "completed":
            reason = (run["error"] or {}).get("detail", "no reason is known")
            raise PlanFailedError(f"The run that makes the plan is {run['status']}: {reason}", run_id=run_id)
        if run["output"]["plan_id"] is None:
            raise refusal(run["output"]["problems"])
        return {"plan": await l01.plans.get(run["output"]["plan_id"]), "run_id": run_id}

    # -- looking

    async def check(self, call: Call) -> Answer:
        """Everything that is to be said of a plan."""
        plan = await self._l01().plans.get(call.path["id"])
        return _answer(await self._report(plan))

    async def _report(self, plan: Plan) -> Any:
        options = validated(Options, plan["options"])
        return await self._checker.report(plan["steps"], plan["plan_type"], options, plan["goal_id"])

    async def look(self, call: Call) -> Answer:
        """A plan with its goal, its tasks and its run; with `wait`, once it rests."""
        wait = validated(PlanLook, call.query).wait
        return _answer(await self._until_it_rests(call.path["id"], wait))

    async def _until_it_rests(self, plan_id: str, wait: int) -> PlanState:
        await _until(lambda: self._brief(plan_id), rests, wait)
        return await self._state(plan_id)

    async def _brief(self, plan_id: str) -> PlanState:
        """The state of a plan without its tasks."""
        l01 = self._l01()
        plan = await l01.plans.get(plan_id)
        run = await l01.runs.get(plan["run_id"]) if plan["run_id"] is not None else None
        return {"plan": plan, "goal": None, "tasks": [], "run": run}

    async def _state(self, plan_id: str) -> PlanState:
        l01 = self._l01()
        state = await self._brief(plan_id)
        if (goal_id := state["plan"]["goal_id"]) is not None:
            state["goal"] = await l01.goals.get(goal_id)
        tasks = [task async for task in l01.tasks.all(plan_id=plan_id, limit=1000)]
        state["tasks"] = sorted(tasks, key=lambda task: task["sequence_order"])
        return state

    # -- carrying out

    async def approve(self, call: Call) -> Answer:
        """The plan may be carried out, if nothing is wrong with it."""
        l01, plan_id = self._l01(), call.path["id"]
        plan = await l01.plans.get(plan_id)
        if plan["status"] == "draft":
            refuse(await self._report(plan))
        plan = await l01.plans.update(plan_id, {"status": "approved"}, expected_version=plan["version"])
        return _answer(plan)

    async def execute(self, call: Call) -> Answer:
        """Carries an approved plan out. Asked again, it says how it stands."""
        body = validated(Execution, call.body or {})
        l01, plan_id = self._l01(), call.path["id"]
        plan = await l01.plans.get(plan_id)
        if plan["status"] == "approved":
            await self._begin(plan)
        elif plan["run_id"] is None:
            raise StateError(
                f"A plan that is {plan['status']} is not carried out.", current_status=plan["status"]
            )
        return _answer(await self._until_it_rests(plan_id, body.wait))

    async def _begin(self, plan: Plan) -> None:
        limits = validated(Options, plan["options"]).limits.model_dump(exclude_none=True)
        run = await self._carrying.plans.begin(
            {"plan_id": plan["id"]},
            configuration={"limits": limits} if limits else None,
            goal_id=plan["goal_id"],
            idempotency_key=f"plan:{plan['id']}",
        )
        await self._ending.begin(plan["id"], run["id"])

    async def pause(self, call: Call) -> Answer:
        """Nothing more of the plan is begun; what is at work goes on to its end."""
        plan = await self._carried(call)
        await self._l01().runs.pause(plan["run_id"] or "")
        return _answer(await self._state(plan["id"]))

    async def resume(self, call: Call) -> Answer:
        """The plan goes on."""
        plan = await self._carried(call)
        await self._l01().runs.resume(plan["run_id"] or "")
        return _answer(await self._state(plan["id"]))

    async def _carried(self, call: Call) -> Plan:
        plan = await self._l01().plans.get(call.path["id"])
        if plan["status"] != "executing" or plan["run_id"] is None:
            raise StateError(f"The plan is {plan['status']}.", current_status=plan["status"])
        return plan

    async def cancel(self, call: Call) -> Answer:
        """Ends a plan, what it has begun, and its goal. Once more changes nothing."""
        body = validated(Stop, call.body or {})
        l01, plan_id = self._l01(), call.path["id"]
        plan = await l01.plans.get(plan_id)
        if plan["run_id"] is not None and plan["status"] == "executing":
            run = await l01.runs.cancel(plan["run_id"], body.reason)
            await self._ending.settle(plan_id, run)
        elif plan["status"] != "cancelled":
            error = {"code": "cancelled", "detail": body.reason} if body.reason else None
            await l01.plans.update(plan_id, {"status": "cancelled", **({"error": error} if error else {})})
        return _answer(await self._state(plan_id))

    async def edit(self, call: Call) -> Answer:
        """Gives a plan other steps."""
        edit = validated(PlanEdit, call.body)
        return _answer(await self._revising.edit(call.path["id"], edit, call.expected))


async def _until(ask: Callable[[], Awaitable[T]], done: Callable[[T], bool], seconds: float) -> T:
    """What is answered, once it is as wanted, or as it is after so many seconds."""
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + seconds, FIRST_LOOK
    while True:
        answer = await ask()
        left = deadline - loop.time()
        if done(answer) or left <= 0:
            return answer
        await asyncio.sleep(min(pause, left))
        pause = min(2 * pause, LOOK)


def _answer(value: Any) -> Answer:
    return Answer(jsonio.encode(value), value.get("version"))
