"""Rules: what is done when an event matches; once, and never round and round."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L05_planning.client import L05Client
from agentic.layers.L05_planning.layer import Planner
from agentic.layers.L11_integration.client import L11Client
from agentic.layers.L11_integration.errors import TargetError
from agentic.layers.L11_integration.rules import LOOP_STOPPED, Clients, Rule
from agentic.layers.L11_integration.targets import target_of
from tests.layers.L03.conftest import tool_layer
from tests.layers.L11.conftest import PATIENCE, caught_up, integration_over, publish

pytestmark = pytest.mark.anyio


@pytest.fixture
async def l03(l01_local: L01Client, tmp_path: Path) -> AsyncGenerator[L03Client]:
    """A running tool layer."""
    async with tool_layer(l01_local, tmp_path) as layer:
        yield layer.local_client()


@pytest.fixture
def l02(l01_local: L01Client) -> L02Client:
    """A runtime that begins runs and carries none: a rule only begins them."""
    context = Context()
    context.give(l01_local)
    return AgentRuntime(context).local_client()


@pytest.fixture
async def l11(l01_local: L01Client, l02: L02Client, l03: L03Client) -> AsyncGenerator[L11Client]:
    """An integration layer that may run agents and call tools."""
    async with integration_over(l01_local, l02, l03) as layer:
        yield layer.local_client()


async def test_an_agent_is_run_with_what_the_event_says(
    l11: L11Client, l02: L02Client, l01_local: L01Client
) -> None:
    agent = await l02.spawn("reader")
    target = {
        "agent_id": agent["id"],
        "input": {"text": "Read ${event.payload.title}!", "tags": "${event.payload.tags}"},
    }
    await l11.subscribe(
        "read", "run", "agent.told", target=target, filter={"payload.title": {"exists": True}}
    )
    told, _ = await publish(l01_local, {"title": "${event.payload.tags}", "tags": [1]}, {"tags": []})
    await caught_up(l01_local, l11, "read")
    (run,) = (await l01_local.runs.list())["items"]
    assert run["agent_id"] == agent["id"]
    assert run["input"] == {"text": "Read ${event.payload.tags}!", "tags": [1]}
    (made,) = (await l01_local.events.list(event_type="run.created"))["items"]
    assert (made["metadata"]["causation_id"], made["metadata"]["actor"]) == (told["id"], "rule read")


async def test_a_tool_is_called(l11: L11Client, l01_local: L01Client) -> None:
    target = {"tool": "calculator", "arguments": {"expression": "${event.payload.sum}"}}
    await l11.subscribe("count", "tool", "agent.told", target=target)
    await publish(l01_local, {"sum": "6 * 7"})
    await caught_up(l01_local, l11, "count")
    (execution,) = (await l01_local.tool_executions.list())["items"]
    assert (execution["status"], execution["output_result"]) == ("success", 42)


async def test_what_is_refused_is_a_dead_letter_at_once(l11: L11Client, l01_local: L01Client) -> None:
    await l11.subscribe("count", "tool", "agent.told", target={"tool": "no such tool"})
    await publish(l01_local, 1)
    await caught_up(l01_local, l11, "count")
    (letter,) = (await l11.dead_letters("count"))["items"]
    assert letter["attempts"] == 1
    assert "no such tool" in (letter["error"] or "")


async def test_a_rule_acts_once_for_an_event_although_its_place_was_lost(
    l01_local: L01Client, l02: L02Client, l03: L03Client
) -> None:
    agent = await l02.spawn("reader")
    async with integration_over(l01_local, l02, l03) as layer:
        l11 = layer.local_client()
        made = await l11.subscribe("read", "run", "agent.told", target={"agent_id": agent["id"]})
        await publish(l01_local, 1, 2, 3)
        await caught_up(l01_local, l11, "read")
    subscription = made["subscription"]
    cursor = f"L11.{subscription['id']}.1"
    begun = (await l01_local.events.list(event_type="subscription.created"))["items"][0]["position"]
    assert begun is not None
    await l01_local.cursors.set(
        cursor, begun
    )  # as a kill between the act and the saving leaves it, and worse
    async with integration_over(l01_local, l02, l03) as layer:
        await caught_up(l01_local, layer.local_client(), "read")
    runs = (await l01_local.runs.list())["items"]
    assert sorted(run["input"]["payload"] for run in runs) == [1, 2, 3]


async def test_a_rule_that_leads_to_itself_is_stopped(
    l01_local: L01Client, l02: L02Client, l03: L03Client
) -> None:
    agent = await l02.spawn("echo")
    async with integration_over(l01_local, l02, l03, most_rounds=4) as layer:
        l11 = layer.local_client()
        await l11.subscribe("echo", "run", "run.created", target={"agent_id": agent["id"], "input": 1})
        await l02.run(agent["id"], 1)
        async with asyncio.timeout(PATIENCE):
            while not (stops := (await l01_local.events.list(event_type=LOOP_STOPPED))["items"]):
                await asyncio.sleep(0.005)
        await caught_up(l01_local, l11, "echo")
    assert len((await l01_local.runs.list())["items"]) == 5
    assert len(stops) == 1
    assert (stops[0]["payload"]["subscription"], stops[0]["payload"]["rounds"]) == ("echo", 4)


async def test_what_happens_in_a_run_was_caused_by_what_began_it(
    l01_local: L01Client, l02: L02Client, l03: L03Client
) -> None:
    """A rule on the end of a run begins a run: its event names no cause, but belongs to the run that has one."""
    agent = await l02.spawn("relay")
    async with integration_over(l01_local, l02, l03, most_rounds=3) as layer:
        l11 = layer.local_client()
        await l11.subscribe("next", "run", "run.cancelled", target={"agent_id": agent["id"], "input": 1})
        run: Any = await l02.run(agent["id"], 1)
        for _ in range(4):
            await l02.cancel(run["id"])
            await caught_up(l01_local, l11, "next")
            run = (await l01_local.runs.list(limit=1))["items"][0]
    assert len((await l01_local.runs.list())["items"]) == 4
    assert len((await l01_local.events.list(event_type=LOOP_STOPPED))["items"]) == 1


async def test_a_layer_that_is_away_is_waited_for(l01_local: L01Client, l03: L03Client) -> None:
    async with integration_over(l01_local, L02Client("http://127.0.0.1:9"), l03, longest_pause=0.01) as layer:
        l11 = layer.local_client()
        target = {"agent_id": "018f0000-0000-7000-8000-000000000000"}
        await l11.subscribe("read", "run", "agent.told", target=target)
        await publish(l01_local, 1)
        async with asyncio.timeout(PATIENCE):
            while (seen := await l11.subscription("read"))["status"] != "waiting" or not seen["last_error"]:
                await asyncio.sleep(0.005)
        assert seen["lag"]
        assert (await l11.dead_letters("read"))["items"] == []


@pytest.fixture
def l05(l01_local: L01Client, l03: L03Client) -> L05Client:
    """A planner that begins plans and carries none."""
    context = Context()
    for client in (l01_local, l03):
        context.give(client)
    return Planner(context).local_client()


async def test_a_goal_is_planned_and_carried_out_once(
    l01_local: L01Client, l02: L02Client, l03: L03Client, l05: L05Client
) -> None:
    target = {
        "goal": "Count ${event.payload.sum}.",
        "steps": [{"id": "sum", "tool": "calculator", "input": {"expression": "${event.payload.sum}"}}],
    }
    async with integration_over(l01_local, l02, l03, l05) as layer:
        l11 = layer.local_client()
        await l11.subscribe("count", "plan", "agent.told", target=target)
        (told,) = await publish(l01_local, {"sum": "6 * 7"})
        await caught_up(l01_local, l11, "count")
    (stored,) = (await l01_local.subscriptions.list())["items"]
    clients = Clients(lambda: l01_local, lambda: l02, lambda: l03, lambda: l05)
    await Rule(stored, target_of("plan", target), clients, 8)(told)  # as it is given again after a crash
    (goal,) = (await l01_local.goals.list())["items"]
    (plan,) = (await l01_local.plans.list())["items"]
    (run,) = (await l01_local.runs.list())["items"]
    assert (goal["description"], plan["goal_id"], plan["status"]) == ("Count 6 * 7.", goal["id"], "executing")
    assert plan["steps"][0]["input"] == {"expression": "6 * 7"}
    assert run["goal_id"] == goal["id"]


async def test_a_plan_that_is_refused_is_a_dead_letter_and_one_may_wait_for_a_person(
    l01_local: L01Client, l02: L02Client, l03: L03Client, l05: L05Client
) -> None:
    async with integration_over(l01_local, l02, l03, l05) as layer:
        l11 = layer.local_client()
        for wrong in ({}, {"steps": [], "template": "x"}):
            with pytest.raises(TargetError, match="one of the two"):
                await l11.subscribe("wrong", "plan", "agent.told", target={"goal": "x", **wrong})
        steps = [{"id": "a", "tool": "calculator", "input": {"expression": "1"}}]
        waits = {"goal": "x", "steps": steps, "approved": False}
        await l11.subscribe("waits", "plan", "agent.told", target=waits)
        nobody = {"goal": "y", "steps": [{"id": "a", "tool": "no such tool"}]}
        await l11.subscribe("nobody", "plan", "agent.told", target=nobody)
        await publish(l01_local, 1)
        for name in ("waits", "nobody"):
            await caught_up(l01_local, l11, name)
        (letter,) = (await l11.dead_letters("nobody"))["items"]
        assert "E5001" in (letter["error"] or "")
        (plan,) = (await l01_local.plans.list())["items"]
        assert plan["status"] == "draft"
        assert (await l01_local.runs.list())["items"] == []
