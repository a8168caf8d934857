"""What parts 3 to 8 of the specification do with `L01Client`, layer by layer, over HTTP.

The agent of L02 is deleted at the end, so the records of the other layers, which are kept, do not refer to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from agentic.layers.base.ids import uuid7
from agentic.platform.verification.endpoints import NOTE
from agentic.platform.verification.walk import CheckFailedError, Walk

_AGENT: Final = "spawned-agent"


async def _agent_runtime(walk: Walk) -> str:
    async with walk.client() as l01:
        agent = await l01.create_agent(_AGENT, "general", {"model": "none"})
        walk.made_agent(dict(agent))
        await l01.publish_event("agent.spawned", "agent", agent["id"], {"name": _AGENT})
        changed = await l01.update_agent(agent["id"], {"status": "active"})
        events = await l01.query_events(aggregate_id=agent["id"])
    kinds = {event["event_type"] for event in events}
    if changed["status"] != "active" or not {"agent.created", "agent.spawned"} <= kinds:
        raise CheckFailedError(f"the agent is {changed['status']}, its events are {', '.join(sorted(kinds))}")
    return "create_agent, publish_event, update_agent, query_events"


async def _tool_execution(walk: Walk) -> str:
    async with walk.client() as l01:
        tool = await l01.register_tool(f"platform-verify-{uuid7()}", {"type": "object"}, NOTE)
        await l01.record_tool_execution(tool["id"], None, {"a": 1}, {"b": 2}, "success")
        await l01.publish_event("tool.executed", "tool", tool["id"], {"agent_id": walk.agent(_AGENT)})
        if (await l01.get_tool(tool["id"]))["name"] != tool["name"]:
            raise CheckFailedError("get_tool does not answer what was registered")
        await l01.tools.update(tool["id"], {"enabled": False})
    return "register_tool, record_tool_execution, publish_event"


async def _model_gateway(walk: Walk) -> str:
    key = str(uuid7())
    path = f"{walk.addresses.l01}/config/platform.verify/{key}"
    async with walk.client() as l01:
        used = await l01.record_model_usage(None, "platform", "verify", 0, 0, 0, 0.0)
        walk.removals.append(path)
        await l01.set_config("platform.verify", key, {"temperature": 0.25})
        config = await l01.get_config("platform.verify", key)
    if used["model_name"] != "verify" or config["value"] != {"temperature": 0.25}:
        raise CheckFailedError("what was recorded or set came back changed")
    return "record_model_usage, set_config, get_config"


async def _planning(walk: Walk) -> str:
    async with walk.client() as l01:
        goal = await l01.create_goal(None, NOTE, ["it is there"])
        await l01.publish_event("goal.created", "goal", goal["id"], {"agent_id": walk.agent(_AGENT)})
        plan = await l01.create_plan(goal["id"], None, [{"do": NOTE}])
        task = await l01.create_task(plan["id"], None, NOTE, "verification")
        done = await l01.update_task(task["id"], {"status": "completed", "output_data": {"ok": True}})
        await l01.update_plan(plan["id"], {"status": "cancelled"})
        ended = await l01.update_goal(goal["id"], {"status": "cancelled"})
    if (done["status"], done["output_data"], ended["status"]) != ("completed", {"ok": True}, "cancelled"):
        raise CheckFailedError(f"the task is {done['status']}, the goal {ended['status']}")
    return "create_goal, create_plan, create_task, update_task"


async def _evaluation(walk: Walk) -> str:
    async with walk.client() as l01:
        made = await l01.record_evaluation(
            None, None, "platform verify", 0.85, {"accuracy": 0.9, "relevance": 0.8}
        )
        await l01.get_agent_stats(walk.agent(_AGENT))
    if (made["score"], made["metrics"]) != (0.85, {"accuracy": 0.9, "relevance": 0.8}):
        raise CheckFailedError(f"a score of 0.85 came back as {made['score']!r}")
    return "record_evaluation, get_agent_stats"


async def _learning(walk: Walk) -> str:
    async with walk.client() as l01:
        made = await l01.record_feedback(None, None, "platform verify", 4, NOTE)
        await l01.get_unprocessed_feedback(limit=1)
        kept = await l01.feedback.update(made["id"], {"processed": True})
    if (kept["rating"], kept["processed"]) != (4, True):
        raise CheckFailedError("feedback came back changed")
    return "record_feedback, get_unprocessed_feedback"


PATTERNS: Final[dict[str, Callable[[Walk], Awaitable[str]]]] = {
    "L02": _agent_runtime,
    "L03": _tool_execution,
    "L04": _model_gateway,
    "L05": _planning,
    "L06": _evaluation,
    "L07": _learning,
}
