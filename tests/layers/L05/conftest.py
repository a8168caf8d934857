"""A running planning layer over real tools, a real runtime, and models that say what a test wants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.goal import Goal
from agentic.layers.L02_agent_runtime.jobs import Jobs
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.layer import ToolExecution
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L05_planning.client import L05Client, PlanState
from agentic.layers.L05_planning.layer import Planner
from agentic.layers.L05_planning.settings import L05Settings
from tests.kit.http import served
from tests.layers.L02.conftest import EAGER, Models, eventually
from tests.layers.L03.conftest import EAGER as EAGER_TOOLS

__all__ = ["eventually"]

PATIENCE = 20.0


class Workshop:
    """Tools that do what a test says, and what they were called with."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.failing: dict[str, int] = {}
        """By the words of a call: how often it fails before it succeeds."""
        self.gates: dict[str, asyncio.Event] = {}
        """By the words of a call: what it waits for."""
        self.at_once = 0
        self.most_at_once = 0

    async def say(self, words: str, number: int = 0) -> dict[str, Any]:
        """Says words."""
        self.calls.append(words)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if (gate := self.gates.get(words)) is not None:
                await gate.wait()
            await asyncio.sleep(0)
            if self.failing.get(words, 0) > 0:
                self.failing[words] -= 1
                raise RuntimeError(f"cannot say {words}")
            return {"said": words, "number": number}
        finally:
            self.at_once -= 1


class Stage:
    """The layers, and what tests do with them again and again."""

    def __init__(
        self, context: Context, l01: L01Client, models: Models, workshop: Workshop, planner: Planner
    ) -> None:
        self.context = context
        self.l01 = l01
        self.models = models
        self.workshop = workshop
        self.planner = planner
        self.l05 = planner.local_client()

    async def goal(self, description: str = "Say things.", **fields: Any) -> Goal:
        return await self.l01.goals.create(description=description, **fields)

    async def begun(self, *steps: Mapping[str, Any], wait: float = 0, **more: Any) -> PlanState:
        """A plan of these steps that is approved and carried out."""
        goal = await self.goal(success_criteria=more.pop("success_criteria", []))
        planned = await self.l05.plan(goal["id"], steps=steps, **more)
        assert planned["plan"] is not None
        await self.l05.approve(planned["plan"]["id"])
        return await self.l05.execute(planned["plan"]["id"], wait=wait)

    async def done(self, *steps: Mapping[str, Any], **more: Any) -> PlanState:
        """The same, once it rests."""
        return await self.begun(*steps, wait=PATIENCE, **more)

    async def until(self, plan_id: str, status: str) -> PlanState:
        """A plan, once it is so."""

        async def is_so() -> bool:
            return (await self.l01.plans.get(plan_id))["status"] == status

        await eventually(is_so)
        return await self.l05.look(plan_id)


def say(step_id: str, words: Any = None, **more: Any) -> dict[str, Any]:
    """A step that says its id, or other words."""
    return {"id": step_id, "tool": "say", "input": {"words": step_id if words is None else words}, **more}


def plan_of(*steps: Mapping[str, Any]) -> str:
    """A model's answer."""
    return json.dumps({"steps": steps})


def statuses(state: PlanState) -> dict[str, str]:
    return {task["step_id"] or "": task["status"] for task in state["tasks"]}


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture
def models(l01_local: L01Client) -> Models:
    return Models(l01_local)


@pytest.fixture
async def context(
    l01_local: L01Client, models: Models, workshop: Workshop, tmp_path: Path
) -> AsyncGenerator[Context]:
    context = Context(data_dir=tmp_path)
    context.give(l01_local)
    context._clients[L04Client] = models  # pyright: ignore[reportPrivateUsage]
    tools = ToolExecution(context, EAGER_TOOLS)
    tools.registry.add(workshop.say)
    async with tools.running():
        context._clients[L03Client] = tools.local_client()  # pyright: ignore[reportPrivateUsage]
        yield context


@pytest.fixture
async def stage(
    context: Context, l01_local: L01Client, models: Models, workshop: Workshop
) -> AsyncGenerator[Stage]:
    """Everything that carries plans."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(AgentRuntime(context, EAGER).running())
        planner = Planner(context, L05Settings(), Jobs("L05", context, EAGER))
        await stack.enter_async_context(planner.running())
        yield Stage(context, l01_local, models, workshop, planner)


@pytest.fixture(params=["local", "http"])
async def l05(request: pytest.FixtureRequest, stage: Stage) -> AsyncGenerator[L05Client]:
    """A client of the layer, once over each backend."""
    if request.param == "local":
        yield stage.l05
    else:
        async with served(stage.planner.app()) as url, L05Client(url) as client:
            yield client
