"""One write of each kind that there is, and the events that they make."""

from __future__ import annotations

from agentic.layers.L01_data_layer.client import L01Client


async def write_everything(l01: L01Client) -> None:
    """One write of each kind that there is."""
    agent = await l01.create_agent("a")
    await l01.update_agent(agent["id"], {"name": "b"})
    await l01.update_agent(agent["id"], {"status": "active"})
    tool = await l01.register_tool("t", {})
    await l01.tools.update(tool["id"], {"enabled": False})
    execution = await l01.record_tool_execution(tool["id"], agent["id"], status="running")
    await l01.tool_executions.update(execution["id"], {"status": "success"})
    await l01.record_model_usage(agent["id"], "p", "m")
    goal = await l01.create_goal(agent["id"], "g")
    await l01.update_goal(goal["id"], {"status": "active"})
    plan = await l01.create_plan(goal["id"], agent["id"], [])
    await l01.update_plan(plan["id"], {"status": "approved"})
    task = await l01.create_task(plan["id"], agent["id"], "t")
    await l01.update_task(task["id"], {"status": "running"})
    await l01.record_evaluation(agent["id"], task["id"], "e")
    feedback = await l01.record_feedback(agent["id"], task["id"], "f")
    await l01.feedback.update(feedback["id"], {"processed": True})
    document = await l01.documents.create(title="d", idempotency_key="once")
    await l01.documents.create(title="d", idempotency_key="once")
    await l01.documents.update(document["id"], {"title": "e"})
    await l01.documents.restore(document["id"], 1)
    await l01.documents.delete(document["id"])
    session = await l01.sessions.create(agent_id=agent["id"])
    await l01.sessions.keep(session["id"], "here")
    await l01.sessions.update(session["id"], {"status": "paused"})
    await l01.set_config("n", "k", 1)
    await l01.set_config("n", "k", 2)
    await l01.config.delete("n", "k")
    await l01.keys.create(name="k", prefix="p", key_hash="0" * 64, scopes=["read"])
    await l01.publish_event("agent.spawned", "agent", agent["id"], {"n": 1})
    await l01.events.append_all(
        [
            {"event_type": "a.b", "aggregate_type": "a", "aggregate_id": agent["id"], "payload": n}
            for n in range(3)
        ]
    )


EVERYTHING = [
    "agent.created",
    "agent.updated",
    "agent.active",
    "tool.created",
    "tool.updated",
    "tool_execution.created",
    "tool_execution.success",
    "model_usage.created",
    "goal.created",
    "goal.active",
    "plan.created",
    "plan.approved",
    "task.created",
    "task.running",
    "evaluation.created",
    "feedback.created",
    "feedback.updated",
    "document.created",
    "document.updated",
    "document.updated",
    "document.deleted",
    "session.created",
    "checkpoint.created",
    "session.paused",
    "config.created",
    "config.updated",
    "config.deleted",
    "api_key.created",
    "agent.spawned",
    "a.b",
    "a.b",
    "a.b",
]
