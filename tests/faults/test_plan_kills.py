"""`kill -9` of processes that carry plans, at random moments: every step is done, none twice, and all is told.

`AGENTIC_KILLS` says how often, as for runs; the suite kills few times. The judge is on loopback, and counts what was done.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.jobs import Jobs
from agentic.layers.L02_agent_runtime.settings import L02Settings
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.layer import ToolExecution
from agentic.layers.L05_planning.client import L05Client
from agentic.layers.L05_planning.layer import Planner
from tests.faults.test_run_kills import a_person, until
from tests.kit import effects as tools
from tests.kit.effects import EffectCounter
from tests.kit.http import served
from tests.kit.runtime_process import RuntimeNursery, RuntimeProcess

pytestmark = pytest.mark.anyio

KILLS = max(3, int(os.environ.get("AGENTIC_KILLS", "30")) // 8)
LANES, ROWS = 4, 4
LEASE = 3.0


@dataclass
class Scene:
    """What tests need: the data layer, the judge, and a planning layer that carries nothing itself."""

    l01: L01Client
    effects: EffectCounter
    l05: L05Client
    nursery: RuntimeNursery

    async def begun(self, tag: str) -> str:
        """A plan that is to be carried out by whoever lives."""
        goal = await self.l01.create_goal(None, tag)
        planned = await self.l05.plan(goal["id"], steps=steps_of(tag), options={"parallel": LANES})
        assert planned["plan"] is not None
        await self.l05.approve(planned["plan"]["id"])
        await self.l05.execute(planned["plan"]["id"])
        return planned["plan"]["id"]


def steps_of(tag: str) -> list[dict[str, Any]]:
    """Lanes of charges, each with what the one before gave in its hands, some in a plan of their own."""
    steps: list[dict[str, Any]] = []
    for number in range(LANES * ROWS):
        step: dict[str, Any] = {"id": f"s{number}", "tool": "charge", "input": {"tag": tag, "number": number}}
        if number >= LANES:
            step["condition"] = {"$from": f"s{number - LANES}", "contains": "charged"}
        steps.append(step)
    inner = {"id": "inner", "tool": "charge", "input": {"tag": tag, "number": LANES * ROWS}}
    below = {"description": f"below {tag}", "steps": [inner]}
    return [*steps, {"id": "below", "goal": below, "depends_on": ["s0"]}]


@pytest.fixture
async def scene(
    l01_local: L01Client, database_url: str, redis_url: str, tmp_path: Path
) -> AsyncGenerator[Scene]:
    counter = EffectCounter()
    context = Context(data_dir=tmp_path)
    context.give(l01_local)
    layer = ToolExecution(context)
    layer.registry.add_module(tools.__name__)
    await layer.registry.register()
    context._clients[L03Client] = layer.local_client()  # pyright: ignore[reportPrivateUsage]
    planner = Planner(context, jobs=Jobs("L05", context, L02Settings(carries=False)))
    async with served(counter) as url:
        nursery = RuntimeNursery(database_url, redis_url, url, LEASE)
        try:
            yield Scene(l01_local, counter, planner.local_client(), nursery)
        finally:
            nursery.close()


async def test_plans_survive_any_kill(scene: Scene) -> None:
    plans: dict[str, str] = {}

    async def open_plans() -> int:
        return len((await scene.l01.plans.list(status="executing", limit=100))["items"])

    async with AsyncExitStack() as stack, a_person(scene) as person:
        processes = [await stack.enter_async_context(RuntimeProcess(scene.nursery)) for _ in range(2)]
        for kill in range(KILLS):
            if await open_plans() == 0:
                tag = f"plan {len(plans)}"
                plans[await scene.begun(tag)] = tag
            before, more = scene.effects.done.total(), random.randint(1, LANES * 2)

            async def has_moved(before: int = before, more: int = more) -> bool:
                return scene.effects.done.total() >= before + more or await open_plans() == 0

            await until(has_moved)
            await asyncio.sleep(random.random() * 0.03)
            victim = random.choice(processes)
            victim.kill()
            await victim.start()
            print(f"kill {kill + 1} of {KILLS}: {scene.effects.done.total()} charged in {len(plans)} plans")

        async def over() -> bool:
            return await open_plans() == 0

        await until(over)
    for plan_id, tag in plans.items():
        await _judge(scene, plan_id, tag)
    assert set(scene.effects.done.values()) == {1}
    report = await scene.l01.check()
    assert report["ok"], report
    print(
        f"{KILLS} kills, {len(plans)} plans, a person asked {person.total()} times: nothing lost, nothing twice"
    )


async def _judge(scene: Scene, plan_id: str, tag: str) -> None:
    state = await scene.l05.look(plan_id)
    assert state["plan"]["status"] == "completed", state["plan"]["error"]
    assert state["goal"] is not None
    assert state["goal"]["status"] == "completed"
    assert {task["status"] for task in state["tasks"]} == {"completed"}
    assert [task["sequence_order"] for task in state["tasks"]] == list(range(LANES * ROWS + 1))
    done = {number: scene.effects.done[tag, number] for number in range(LANES * ROWS + 1)}
    assert set(done.values()) == {1}, done
    (below,) = (await scene.l01.goals.list(parent_goal_id=state["goal"]["id"]))["items"]
    assert below["status"] == "completed"
    for task in state["tasks"]:
        page = await scene.l01.events.list(aggregate_id=task["id"])
        told = [event["event_type"] for event in page["items"]]
        assert sorted(told) == ["task.completed", "task.created", "task.running"]
