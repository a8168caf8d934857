"""What ends a run that would not end by itself, and how work is shared."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.ids import now, timestamp
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from tests.layers.L02.conftest import EAGER, PATIENCE, Models, Tools, calls, eventually

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"steps": 3}, "3 steps"),
        ({"tokens": 40}, "40 tokens"),
        ({"cost": 0.002}, "0.002 cost"),
    ],
)
async def test_a_limit_ends_the_run_with_its_reason(
    l02: L02Client, models: Models, tools: Tools, limits: dict[str, Any], said: str
) -> None:
    count = iter(range(1000))
    tools.functions["look"] = lambda: next(count)
    models.script(calls(("look", {})))
    agent = await l02.spawn("x", {"tools": ["look"], "limits": limits})
    run = await l02.run(agent["id"], "x", wait=PATIENCE)
    assert run["status"] == "failed"
    assert run["error"] is not None
    assert run["error"]["code"] == "E2003"
    assert said in run["error"]["detail"]


async def test_a_step_that_takes_longer_than_the_run_may_is_cut(
    l02: L02Client, l01_local: L01Client, models: Models
) -> None:
    async def hang(_: Any) -> str:
        await asyncio.Event().wait()
        return ""

    models.says = hang
    agent = await l02.spawn("x", {"limits": {"seconds": 0.3}})
    run = await l02.run(agent["id"], "x", wait=PATIENCE)
    assert run["error"] is not None
    assert (run["status"], run["error"]["code"]) == ("failed", "E2003")
    rows = (await l01_local.usage.list(run_id=run["id"]))["items"]
    assert [row["status"] for row in rows] == ["cut"]


async def test_circles_and_silence_end(l02: L02Client, models: Models, tools: Tools) -> None:
    tools.functions["look"] = lambda: "same"
    models.script(calls(("look", {})))
    agent = await l02.spawn("x", {"tools": ["look"], "limits": {"repeats": 3}})
    run = await l02.run(agent["id"], "x", wait=PATIENCE)
    assert run["error"] is not None
    assert (run["error"]["code"], len(tools.calls)) == ("E2004", 3)
    models.script("")
    run = await l02.run(agent["id"], "x", wait=PATIENCE)
    assert run["error"] is not None
    assert run["error"]["code"] == "E2005"


async def test_a_configuration_that_cannot_be_run(l02: L02Client, l01_local: L01Client) -> None:
    with pytest.raises(InvalidError, match=r"configuration\.limits\.steps"):
        await l02.spawn("x", {"limits": {"steps": 0}})
    agent = await l01_local.create_agent("x", "general", {"limits": {"steps": "many"}})
    run = await l02.run(agent["id"], "x", wait=PATIENCE)
    assert run["error"] is not None
    assert run["error"]["code"] == "E2002"


async def test_an_agent_calls_an_agent(
    l02: L02Client, l01_local: L01Client, runtime: AgentRuntime, models: Models
) -> None:
    go = asyncio.Event()

    async def say(request: Any) -> Any:
        if request["messages"][0]["content"] == "Add.":
            await go.wait()
            return "4"
        if request["messages"][-1]["role"] == "tool":
            return f"It says {request['messages'][-1]['content']}"
        return calls(("adder", {"input": "2+2"}))

    models.says = say
    adder = await l02.spawn("adder", {"instructions": "Add."})
    boss = await l02.spawn("boss", {"instructions": "Delegate.", "tools": [{"agent": "adder"}]})
    run = await l02.run(boss["id"], "what is 2+2?")
    await eventually(lambda: len(models.requests) == 2)
    # Only the child is carried while it works.
    await eventually(lambda: runtime.worker.carried == 1)
    go.set()
    run = await l02.wait(run["id"], PATIENCE)
    assert (run["status"], run["output"]) == ("completed", "It says 4")
    (child,) = (await l01_local.runs.list(parent_run_id=run["id"]))["items"]
    assert (child["agent_id"], child["output"]) == (adder["id"], "4")
    step = (await l02.steps(run["id"]))[1]
    assert step["output"] == {"child_run": child["id"], "output": "4", "cost": 0.001}


async def test_agents_that_call_each_other_come_to_an_end(l02: L02Client, models: Models) -> None:
    models.says = lambda request: (
        str(request["messages"][-1]["content"])
        if request["messages"][-1]["role"] == "tool"
        else calls(("me", {"input": "again"}))
    )
    agent = await l02.spawn("me", {"tools": [{"agent": "me"}]})
    run = await l02.run(agent["id"], "x", wait=PATIENCE)
    assert run["status"] == "completed"
    assert "E2012" in str(run["output"]) or "Agents may call agents" in str(run["output"])


async def test_what_is_cut_by_a_stop_goes_on_elsewhere_at_once(
    context: Context, l01_local: L01Client, models: Models
) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(_: Any) -> str:
        asked.set()
        await go.wait()
        return "done"

    models.says = slow
    patient = EAGER.model_copy(update={"lease": 600.0})
    first, second = AgentRuntime(context, patient), AgentRuntime(context, patient)
    async with first.running():
        l02 = first.local_client()
        agent = await l02.spawn("x", {})
        run = await l02.run(agent["id"], "x")
        async with asyncio.timeout(PATIENCE):
            await asked.wait()
    go.set()
    async with second.running():
        run = await second.local_client().wait(run["id"], PATIENCE)
    assert (run["status"], run["output"], run["attempts"]) == ("completed", "done", 2)
    rows = (await l01_local.usage.list(run_id=run["id"], order="asc"))["items"]
    assert [row["status"] for row in rows] == ["cut", "completed"]


async def test_two_share_the_work(context: Context, models: Models) -> None:
    async def slow(_: Any) -> str:
        await asyncio.sleep(0.02)
        return "done"

    models.says = slow
    few = EAGER.model_copy(update={"concurrency": 2})
    first, second = AgentRuntime(context, few), AgentRuntime(context, few)
    async with first.running(), second.running():
        l02 = first.local_client()
        agent = await l02.spawn("x", {})
        runs = [await l02.run(agent["id"], n) for n in range(20)]
        ended = [await l02.wait(run["id"], PATIENCE) for run in runs]
        assert [run["status"] for run in ended] == ["completed"] * 20
        assert {run["worker"] for run in ended} == {first.worker.name, second.worker.name}
    assert len(models.requests) == 20


async def test_an_agents_runs_at_once_are_bounded(l02: L02Client, models: Models) -> None:
    at_once, most = 0, 0

    async def slow(_: Any) -> str:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)
        at_once -= 1
        return "done"

    models.says = slow
    agent = await l02.spawn("x", {"limits": {"concurrency": 2}})
    runs = [await l02.run(agent["id"], n) for n in range(8)]
    for run in runs:
        assert (await l02.wait(run["id"], PATIENCE))["status"] == "completed"
    assert most == 2


async def test_a_schedule_runs_an_agent_once(l02: L02Client, l01_local: L01Client, models: Models) -> None:
    agent = await l02.spawn("x", {})
    schedule = await l02.schedule(agent["id"], "soon", at=timestamp(now()), input="wake up")

    async def ran() -> bool:
        page = await l01_local.runs.list(agent_id=agent["id"], status="completed")
        return len(page["items"]) == 1

    await eventually(ran)
    assert models.requests[0]["messages"][-1]["content"] == "wake up"
    assert [each["id"] for each in (await l02.schedules())["items"]] == [schedule["id"]]
    await l02.unschedule(schedule["id"])


async def test_a_step_that_ends_every_process_fails_the_run(
    context: Context, l01_local: L01Client, models: Models
) -> None:
    layer = AgentRuntime(context, EAGER.model_copy(update={"attempts": 2}))
    agent = await layer.local_client().spawn("x", {})
    run = await layer.local_client().run(agent["id"], "x")
    for _ in range(2):
        (taken,) = await l01_local.runs.claim("dies", 1, 0.01)
        assert taken["id"] == run["id"]
        await asyncio.sleep(0.02)
    async with layer.running():
        run = await layer.local_client().wait(run["id"], PATIENCE)
    assert run["error"] is not None
    assert (run["status"], run["error"]["code"]) == ("failed", "E2006")
    assert models.requests == []
