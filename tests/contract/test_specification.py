"""The client of the specification: every method with its signature, and each of its patterns as written there."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.error_codes import NotFoundError

pytestmark = pytest.mark.anyio

METHODS = """
create_agent(name, agent_type, config)
get_agent(agent_id)
list_agents(status=None, limit=100)
update_agent(agent_id, updates)
delete_agent(agent_id)
publish_event(event_type, aggregate_type, aggregate_id, payload)
query_events(aggregate_id=None, event_type=None, limit=100)
register_tool(name, schema_def, description)
get_tool(tool_id)
list_tools()
record_tool_execution(tool_id, agent_id, input_params, output_result, status)
create_goal(agent_id, description, success_criteria)
get_goal(goal_id)
update_goal(goal_id, updates)
create_plan(goal_id, agent_id, steps)
get_plan(plan_id)
update_plan(plan_id, updates)
create_task(plan_id, agent_id, description, task_type)
update_task(task_id, updates)
record_evaluation(agent_id, task_id, evaluation_type, score, metrics)
get_agent_stats(agent_id)
record_feedback(agent_id, task_id, feedback_type, rating, content)
get_unprocessed_feedback(limit=100)
record_model_usage(agent_id, provider, model, tokens_in, tokens_out, latency, cost)
get_config(namespace, key)
set_config(namespace, key, value)
""".strip().splitlines()


@pytest.mark.parametrize("method", METHODS)
def test_a_method_has_the_signature_of_the_specification(method: str) -> None:
    """The same names in the same order, so that every call of the specification means the same. More may be optional."""
    name, _, parameters = method.rstrip(")").partition("(")
    specified = [part.partition("=") for part in parameters.split(", ") if part]
    function = getattr(L01Client, name)
    assert inspect.iscoroutinefunction(function)
    ours = list(inspect.signature(function).parameters.values())[1:]
    assert [parameter.name for parameter in ours[: len(specified)]] == [part[0] for part in specified]
    for parameter, (_, has_default, default) in zip(ours, specified, strict=False):
        assert not has_default or repr(parameter.default) == default
    assert all(parameter.kind is parameter.VAR_KEYWORD for parameter in ours[len(specified) :])


def test_the_client_is_made_as_in_the_specification() -> None:
    parameters = list(inspect.signature(L01Client.__init__).parameters.values())
    assert (parameters[1].name, parameters[1].default) == ("base_url", "http://localhost:8002")
    assert L01Client().base_url == "http://localhost:8002"
    assert L01Client("http://elsewhere:1").base_url == "http://elsewhere:1"


async def test_a_bare_client_is_the_data_layer_of_this_process(l01_local: L01Client) -> None:
    """Made inside a handler, as the specification does it: no connection is opened for it."""
    bare = L01Client()
    assert bare.backend is l01_local.backend
    agent = await bare.create_agent("a", "general", {})
    assert await L01Client().get_agent(agent["id"]) == agent


async def test_agents(l01: L01Client) -> None:
    agent = await l01.create_agent("researcher", "general", {"model": "llama3"})
    await l01.publish_event("agent.spawned", "agent", agent["id"], {"name": "researcher"})
    assert (agent["name"], agent["agent_type"], agent["status"]) == ("researcher", "general", "created")
    assert agent["configuration"] == {"model": "llama3"}
    assert await l01.get_agent(agent["id"]) == agent
    assert await l01.list_agents() == [agent]
    assert await l01.list_agents(status="active") == []
    active = await l01.update_agent(agent["id"], {"status": "active"})
    assert await l01.list_agents(status="active", limit=1) == [active]
    assert await l01.delete_agent(agent["id"]) is True
    with pytest.raises(NotFoundError):
        await l01.get_agent(agent["id"])
    assert await l01.list_agents() == []


async def test_events(l01: L01Client) -> None:
    agent = await l01.create_agent("a", "general", {})
    event = await l01.publish_event("agent.spawned", "agent", agent["id"], {"name": "a"})
    assert (event["event_type"], event["aggregate_type"], event["aggregate_id"]) == (
        "agent.spawned",
        "agent",
        agent["id"],
    )
    assert (event["payload"], event["version"]) == ({"name": "a"}, 2)
    assert [each["event_type"] for each in await l01.query_events(aggregate_id=agent["id"])] == [
        "agent.spawned",
        "agent.created",
    ]
    assert [each["id"] for each in await l01.query_events(event_type="agent.spawned")] == [event["id"]]
    assert len(await l01.query_events(limit=1)) == 1


async def test_tools(l01: L01Client) -> None:
    agent = await l01.create_agent("a", "general", {})
    tool = await l01.register_tool("search", {"type": "object"}, "Searches.")
    assert await l01.get_tool(tool["id"]) == tool
    assert await l01.list_tools() == [tool]
    execution = await l01.record_tool_execution(tool["id"], agent["id"], {"q": "x"}, ["found"], "success")
    assert (execution["input_params"], execution["output_result"]) == ({"q": "x"}, ["found"])
    assert execution["status"] == "success"
    await l01.publish_event("tool.executed", "tool", tool["id"], {"agent_id": agent["id"]})


async def test_model_usage(l01: L01Client) -> None:
    agent = await l01.create_agent("a", "general", {})
    usage = await l01.record_model_usage(
        agent_id=agent["id"],
        provider="anthropic",
        model="claude-3",
        tokens_in=12,
        tokens_out=34,
        latency=567,
        cost=0.000891,
    )
    assert (usage["model_provider"], usage["model_name"]) == ("anthropic", "claude-3")
    assert (usage["input_tokens"], usage["output_tokens"]) == (12, 34)
    assert (usage["latency_ms"], usage["cost_estimate"]) == (567, 0.000891)


async def test_planning(l01: L01Client) -> None:
    """The goal is created and then announced, as the specification has it: that is one fact, not two."""
    agent = await l01.create_agent("a", "general", {})
    goal = await l01.create_goal(agent["id"], "Be done", ["tests pass"])
    announced = await l01.publish_event("goal.created", "goal", goal["id"], {"agent_id": agent["id"]})
    assert [event["id"] for event in await l01.query_events(aggregate_id=goal["id"])] == [announced["id"]]
    assert await l01.get_goal(goal["id"]) == goal
    assert (await l01.update_goal(goal["id"], {"status": "active"}))["status"] == "active"
    plan = await l01.create_plan(goal["id"], agent["id"], [{"do": "it"}])
    assert await l01.get_plan(plan["id"]) == plan
    assert (await l01.update_plan(plan["id"], {"current_step": 1}))["current_step"] == 1
    task = await l01.create_task(plan["id"], agent["id"], "Do it", "work")
    done = await l01.update_task(task["id"], {"status": "completed", "output_data": {"ok": True}})
    assert (done["status"], done["output_data"], done["task_type"]) == ("completed", {"ok": True}, "work")
    assert done["completed_at"] is not None


async def test_evaluation_and_feedback(l01: L01Client) -> None:
    agent = await l01.create_agent("a", "general", {})
    task = await l01.create_task(None, agent["id"], "t", None)
    evaluation = await l01.record_evaluation(
        agent_id=agent["id"],
        task_id=task["id"],
        evaluation_type="quality",
        score=0.85,
        metrics={"accuracy": 0.9, "relevance": 0.8},
    )
    assert (evaluation["score"], evaluation["metrics"]) == (0.85, {"accuracy": 0.9, "relevance": 0.8})
    stats: dict[str, Any] = dict(await l01.get_agent_stats(agent["id"]))
    assert (stats["count"], stats["mean"], stats["p50"]) == (1, 0.85, 0.85)
    feedback = await l01.record_feedback(
        agent_id=agent["id"],
        task_id=task["id"],
        feedback_type="human",
        rating=4,
        content="Good response but could be more concise",
    )
    assert await l01.get_unprocessed_feedback() == [feedback]
    assert await l01.get_unprocessed_feedback(limit=1) == [feedback]


async def test_config(l01: L01Client) -> None:
    made = await l01.set_config("gateway", "model", {"name": "llama3"})
    assert made["value"] == {"name": "llama3"}
    assert await l01.get_config("gateway", "model") == made
    assert (await l01.set_config("gateway", "model", None))["version"] == 2
