"""Runs from their input to their result."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentic.layers.base.common_errors import InvalidError, UnreachableError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.errors import AgentNotActiveError
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from tests.layers.L02.conftest import PATIENCE, Models, Tools, calls, eventually

pytestmark = pytest.mark.anyio


async def test_one_answer(l02: L02Client, l01_local: L01Client, models: Models) -> None:
    agent = await l02.spawn("greeter", {"model": "small", "instructions": "Be kind."})
    run = await l02.run(agent["id"], "Hi", wait=PATIENCE)
    assert (run["status"], run["output"], run["steps"]) == ("completed", "Hello.", 1)
    assert (run["input_tokens"], run["output_tokens"], run["cost"]) == (10, 5, 0.001)
    assert models.requests[0]["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
    ]
    (step,) = await l02.steps(run["id"])
    assert (step["kind"], step["name"], step["output"]["message"]["content"]) == ("model", "small", "Hello.")
    usage = (await l01_local.usage.list(run_id=run["id"]))["items"]
    assert [row["status"] for row in usage] == ["completed"]


async def test_tools_are_used_at_the_same_time_and_each_is_a_step(
    l02: L02Client, models: Models, tools: Tools
) -> None:
    both = asyncio.Barrier(2)

    async def add(a: int, b: int) -> int:
        await both.wait()
        return a + b

    tools.functions["add"] = add
    models.script(calls(("add", {"a": 1, "b": 2}), ("add", {"a": 3, "b": 4})), "3 and 7")
    agent = await l02.spawn("adder", {"model": "small", "tools": ["add"]})
    run = await l02.run(agent["id"], "add", wait=PATIENCE)
    assert (run["status"], run["output"]) == ("completed", "3 and 7")
    steps = await l02.steps(run["id"])
    assert [step["kind"] for step in steps] == ["model", "tool", "tool", "model"]
    told = models.requests[1]["messages"]
    assert [message["content"] for message in told[-2:]] == ["3", "7"]
    assert [ref.step for _, _, ref in tools.calls] == [2, 3]
    assert models.requests[0]["tools"][0]["function"]["name"] == "add"


async def test_what_a_tool_says_when_it_fails_goes_back_to_the_model(
    l02: L02Client, models: Models, tools: Tools
) -> None:
    from agentic.layers.L03_tool_execution.models import Outcome

    tools.functions["add"] = lambda **_: Outcome("invalid", error={"code": "E3001", "detail": "b is missing"})
    broken: dict[str, Any] = calls(("add", {}), ("add", {}))
    broken["tool_calls"][1]["function"]["arguments"] = "{not json"
    models.script(broken, "sorry")
    agent = await l02.spawn("adder", {"tools": ["add"]})
    run = await l02.run(agent["id"], "add", wait=PATIENCE)
    assert run["status"] == "completed"
    told = [message["content"] for message in models.requests[1]["messages"][-2:]]
    assert told[0] == "Error (invalid): b is missing"
    assert told[1].startswith("Error (invalid): The arguments are not JSON")
    assert [step["status"] for step in await l02.steps(run["id"])] == [
        "completed",
        "failed",
        "failed",
        "completed",
    ]


async def test_a_model_that_fails_is_asked_again_and_given_up(l02: L02Client, models: Models) -> None:
    agent = await l02.spawn("x", {})
    models.script(UnreachableError("gone"), UnreachableError("gone"), "back")
    run = await l02.run(agent["id"], "x", wait=PATIENCE)
    assert (run["status"], run["output"]) == ("completed", "back")
    assert [step["status"] for step in await l02.steps(run["id"])] == ["failed", "failed", "completed"]
    models.script(UnreachableError("gone"))
    run = await l02.run(agent["id"], "x", wait=PATIENCE)
    assert run["status"] == "failed"
    assert run["error"] == {"code": "E1090", "detail": "gone"}
    assert len(await l02.steps(run["id"])) == 3


async def test_what_a_model_refuses_fails_at_once(l02: L02Client, models: Models) -> None:
    models.script(InvalidError("no such model"))
    agent = await l02.spawn("x", {})
    run = await l02.run(agent["id"], "x", wait=PATIENCE)
    assert run["error"] == {"code": "E1001", "detail": "no such model"}
    assert [step["status"] for step in await l02.steps(run["id"])] == ["failed"]


async def test_events_of_a_life(l02: L02Client, l01_local: L01Client, models: Models) -> None:
    agent = await l02.spawn("x", {}, idempotency_key="once")
    again = await l02.spawn("x", {}, idempotency_key="once")
    assert again["id"] == agent["id"]
    await l02.suspend(agent["id"])
    with pytest.raises(AgentNotActiveError, match="suspended"):
        await l02.run(agent["id"], "x")
    await l02.resume(agent["id"])
    await l02.terminate(agent["id"])
    events = await l01_local.query_events(agent["id"])
    assert [event["event_type"] for event in reversed(events)] == [
        "agent.created",
        "agent.spawned",
        "agent.active",
        "agent.suspended",
        "agent.active",
        "agent.terminated",
    ]


async def test_a_result_in_json(l02: L02Client, models: Models) -> None:
    models.script('{"a": 1}')
    agent = await l02.spawn("x", {"response_format": {"type": "json_object"}})
    run = await l02.run(agent["id"], "x", wait=PATIENCE)
    assert run["output"] == {"a": 1}


async def test_the_stream_has_steps_text_and_the_end(
    l02: L02Client, runtime: AgentRuntime, models: Models, tools: Tools
) -> None:
    go = asyncio.Event()

    async def slowly(request: Any) -> Any:
        await go.wait()
        return "one two three" if len(request["messages"]) > 1 else calls(("look", {}))

    tools.functions["look"] = lambda: "seen"
    models.says = slowly
    agent = await l02.spawn("x", {"tools": ["look"]})
    run = await l02.run(agent["id"], "x")
    await eventually(lambda: models.requests)
    events = []
    async with asyncio.timeout(PATIENCE):
        async for event in l02.stream(run["id"]):
            go.set()
            events.append(event)
    assert [event.number for event in events if event.event == "step"] == [1, 2, 3]
    assert events[-1].event == "run"
    assert events[-1].data["status"] == "completed"
    async with asyncio.timeout(PATIENCE):
        again = [event async for event in l02.stream(run["id"], after=2)]
    assert [(event.event, event.number) for event in again] == [("step", 3), ("run", None)]
