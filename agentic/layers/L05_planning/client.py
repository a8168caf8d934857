"""`L05Client`: goals that get plans, and plans that are carried out; a call when the layer lives here and HTTP when it does not.

async with L05Client() as l05:
    planned = await l05.plan(goal["id"], steps=[{"id": "sum", "tool": "calculator", "input": {"expression": "6 * 7"}}])
    await l05.approve(planned["plan"]["id"])
    state = await l05.execute(planned["plan"]["id"], wait=60)
    print(state["plan"]["status"], state["goal"]["result"])
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Self
from uuid import UUID

from agentic.layers.base.backends import Backend, HttpBackend
from agentic.layers.base.operation import Call, Operation
from agentic.layers.base.states import PLAN, final_states
from agentic.layers.L01_data_layer.models.plan import Plan
from agentic.layers.L02_agent_runtime.client import at_rest, given
from agentic.layers.L05_planning import errors, models
from agentic.layers.L05_planning.models import Planned, PlanState, Report, TemplateRecord

__all__ = ["L05Client", "PlanState", "Planned", "Report", "errors"]
# With the errors: what is refused over HTTP is raised here as the class that it was.

DEFAULT_URL: Final = "http://localhost:8006"
URL_VARIABLE: Final = "PLATFORM_L05_URL"
KEY_VARIABLE: Final = "PLATFORM_L05_KEY"
FINAL: Final = final_states(PLAN)

Ref = str | UUID


def rests(state: PlanState) -> bool:
    """Whether a plan does nothing more without somebody: it is over, not begun, paused, or waits for a person."""
    run = state["run"]
    if state["plan"]["status"] != "executing" or run is None:
        return True
    paused = run["status"] == "suspended" and run["due_at"] is None
    return paused or (run["status"] == "waiting_approval" and at_rest(run))


class L05Client:
    """The planning layer; without an address the one in `PLATFORM_L05_URL`, or else its own port on this machine."""

    def __init__(self, base_url: str | None = None, *, backend: Backend | None = None) -> None:
        key = os.environ.get(KEY_VARIABLE)
        self.backend: Backend = backend or HttpBackend(
            "L05",
            base_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL,
            {"x-api-key": key} if key else None,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Lets go of what the client holds."""
        await self.backend.close()

    # -- plans

    async def plan(
        self,
        goal_id: Ref,
        *,
        steps: Sequence[Any] | None = None,
        template: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        model: str | None = None,
        wait: float = 120.0,
        **more: Any,
    ) -> Planned:
        """A plan for a goal, a draft: of steps, of a template, or by a model (the usual one when none of the three is named).

        `plan_type`, `options`, `agent_id`; for a model also `instructions`, `tools` and `agents` that it may use. A model's plan is
        waited for so many seconds; after that the answer has no plan yet, and the goal gets it when it is made.

        Raises:
            PlanRefusedError: it is not right, and `problems` says all that is wrong; nothing is kept.
        """
        body = given(
            {
                "steps": None if steps is None else list(steps),
                "template": template,
                "parameters": None if parameters is None else dict(parameters),
                "model": model,
                "wait": _whole(wait),
                **more,
            }
        )
        planned: Planned = await self.backend.call(models.MAKE_PLAN, Call({"id": goal_id}, body=body))
        run_id = planned["run_id"]
        if planned["plan"] is not None or run_id is None:
            return planned
        return await self._until(
            lambda left: self.planned(run_id, left), lambda answer: answer["plan"] is not None, wait
        )

    async def planned(self, run_id: Ref, wait: float = 0) -> Planned:
        """What a model's run has made of a goal.

        Raises:
            PlanRefusedError: nothing that is right.
        """
        return await self.backend.call(models.PLANNED, Call({"id": run_id}, {"wait": _whole(wait)}))

    async def look(self, plan_id: Ref) -> PlanState:
        """A plan with its goal, its tasks and its run."""
        return await self.backend.call(models.LOOK, Call({"id": plan_id}))

    async def wait(self, plan_id: Ref, seconds: float) -> PlanState:
        """A plan, when it has ended or needs somebody, or as it is after so many seconds."""

        async def look(left: float) -> PlanState:
            return await self.backend.call(models.LOOK, Call({"id": plan_id}, {"wait": _whole(left)}))

        return await self._until(look, rests, seconds)

    async def check(self, plan_id: Ref) -> Report:
        """Everything that is wrong with a plan, what it may cost, and in which order its steps can be done."""
        return await self._on(models.CHECK_PLAN, plan_id)

    async def approve(self, plan_id: Ref) -> Plan:
        """The plan may be carried out.

        Raises:
            PlanRefusedError: something is wrong with it.
        """
        return await self._on(models.APPROVE, plan_id)

    async def execute(self, plan_id: Ref, *, wait: float = 0) -> PlanState:
        """Carries an approved plan out. With `wait`, answered when it has ended or needs somebody, or after so many seconds.

        Raises:
            StateError: it is not approved, or over.
        """
        state: PlanState = await self._on(models.EXECUTE, plan_id, {"wait": _whole(wait)})
        return state if rests(state) or wait <= 0 else await self.wait(plan_id, wait)

    async def pause(self, plan_id: Ref) -> PlanState:
        """Nothing more of the plan is begun."""
        return await self._on(models.PAUSE, plan_id)

    async def resume(self, plan_id: Ref) -> PlanState:
        """The plan goes on."""
        return await self._on(models.RESUME, plan_id)

    async def cancel(self, plan_id: Ref, reason: str | None = None) -> PlanState:
        """Ends a plan with all that it has begun, and its goal."""
        return await self._on(models.CANCEL, plan_id, given({"reason": reason}))

    async def edit(
        self, plan_id: Ref, steps: Sequence[Any], *, expected_version: int | None = None, **more: Any
    ) -> Plan:
        """Gives a plan other steps (`plan_type`, `options`); what has begun must stay as it is.

        Raises:
            PlanRefusedError: they are not right, or change what has begun.
        """
        body = {"steps": list(steps), **given(more)}
        return await self.backend.call(
            models.EDIT, Call({"id": plan_id}, body=body, expected=expected_version)
        )

    # -- templates

    async def templates(self) -> list[TemplateRecord]:
        """The templates that there are, by name."""
        return (await self.backend.call(models.LIST_TEMPLATES, Call()))["items"]

    async def template(self, name: str) -> TemplateRecord:
        """One template."""
        return await self.backend.call(models.GET_TEMPLATE, Call({"name": name}))

    async def set_template(self, name: str, template: Mapping[str, Any]) -> TemplateRecord:
        """Keeps a template under a name."""
        return await self.backend.call(models.SET_TEMPLATE, Call({"name": name}, body=dict(template)))

    async def delete_template(self, name: str) -> None:
        """Takes a template away; plans that were made by it stay."""
        await self.backend.call(models.DELETE_TEMPLATE, Call({"name": name}))

    async def _on(self, operation: Operation, plan_id: Ref, body: Any = None) -> Any:
        if body is None and operation.body is not None:
            body = {}
        return await self.backend.call(operation, Call({"id": plan_id}, body=body))

    async def _until(
        self, ask: Callable[[float], Awaitable[Any]], done: Callable[[Any], bool], seconds: float
    ) -> Any:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            answer = await ask(deadline - loop.time())
            left = deadline - loop.time()
            if done(answer) or left <= 0:
                return answer
            if left < 1:
                await asyncio.sleep(min(0.1, left))


def _whole(seconds: float) -> int:
    """The seconds that one request may wait."""
    return max(0, min(models.LONGEST_WAIT, round(seconds)))
