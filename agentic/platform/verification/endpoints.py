"""Every endpoint of the specification, asked for over HTTP, by kind of record.

What is created refers to no agent, so that the agents of the walk can be deleted again. What the API has no delete for
is left behind in its last state, where it is in nobody's way: a disabled tool, a cancelled goal, processed feedback.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from agentic.layers.base.ids import uuid7
from agentic.platform.verification.walk import CheckFailedError, Walk

NOTE: Final = "Made by platform verify"
_NAMESPACE: Final = "platform.verify"


async def _crud(
    walk: Walk, path: str, body: dict[str, Any], change: dict[str, Any] | None, *, deletable: bool = False
) -> str:
    """Creates, gets, lists, changes and deletes one record, as far as its kind can; answers its id."""
    made = await walk.l01("POST", path, body, 201)
    one = f"{path}/{made['id']}"
    if deletable:
        walk.removals.append(f"{walk.addresses.l01}{one}")
    if await walk.l01("GET", one) != made:
        raise CheckFailedError(f"GET {one} does not answer what was created")
    await _is_listed(walk, path, made["id"])
    if change is not None:
        changed = await walk.l01("PATCH", one, change)
        if {name: changed[name] for name in change} != change:
            raise CheckFailedError(f"PATCH {one} did not change {', '.join(change)}")
    if deletable:
        await walk.l01("DELETE", one, expected=204)
        walk.removals.pop()
        await walk.l01("GET", one, expected=404)
    else:
        walk.left.append(path.strip("/"))
    return str(made["id"])


async def _is_listed(walk: Walk, path: str, record_id: str) -> None:
    page = await walk.l01("GET", path)
    if record_id not in {item["id"] for item in page["items"]}:
        raise CheckFailedError(f"GET {path} does not list what was created")


async def _health(walk: Walk) -> str:
    await walk.l01("GET", "/health/live")
    await walk.l01("GET", "/health/ready")
    return "GET live, ready"


async def _events(walk: Walk) -> str:
    aggregate = str(uuid7())
    fact = {"event_type": "platform.verified", "aggregate_type": "platform", "aggregate_id": aggregate}
    made = await walk.l01("POST", "/events", {**fact, "payload": {"note": NOTE}}, 201)
    got = await walk.l01("GET", f"/events/{made['id']}")
    if (got["payload"], got["version"]) != (made["payload"], 1):
        raise CheckFailedError("GET /events/{id} does not answer what was appended")
    page = await walk.l01("GET", f"/events?aggregate_id={aggregate}")
    if [item["id"] for item in page["items"]] != [made["id"]]:
        raise CheckFailedError("GET /events does not list what was appended")
    return "POST, GET, list"


async def _agents(walk: Walk) -> str:
    await _crud(walk, "/agents", {"name": "crud-agent"}, {"status": "active"}, deletable=True)
    return "POST, GET, list, PATCH, DELETE"


async def _tools(walk: Walk) -> str:
    name = f"platform-verify-{uuid7()}"
    tool = {"name": name, "schema_def": {"type": "object"}, "description": NOTE}
    tool_id = await _crud(walk, "/tools", tool, {"enabled": False})
    execution: dict[str, Any] = {
        "tool_id": tool_id,
        "input_params": {},
        "output_result": None,
        "status": "success",
    }
    made = await walk.l01("POST", "/tool-executions", execution, 201)
    if await walk.l01("GET", f"/tool-executions/{made['id']}") != made:
        raise CheckFailedError("GET /tool-executions/{id} does not answer what was recorded")
    return "tools POST, GET, list, PATCH; executions POST, GET"


async def _model_usage(walk: Walk) -> str:
    usage = {"model_provider": "platform", "model_name": "verify", "latency_ms": 0, "cost_estimate": 0}
    made = await walk.l01("POST", "/model-usage", usage, 201)
    await _is_listed(walk, "/model-usage", made["id"])
    await walk.l01("GET", "/model-usage/stats")
    walk.left.append("model-usage")
    return "POST, list, stats"


async def _goals(walk: Walk) -> str:
    await _crud(walk, "/goals", {"description": NOTE}, {"status": "cancelled"})
    return "POST, GET, list, PATCH"


async def _plans(walk: Walk) -> str:
    await _crud(walk, "/plans", {"steps": [{"do": NOTE}]}, {"status": "cancelled"})
    return "POST, GET, list, PATCH"


async def _tasks(walk: Walk) -> str:
    await _crud(walk, "/tasks", {"description": NOTE}, {"status": "cancelled"})
    return "POST, GET, list, PATCH"


async def _evaluations(walk: Walk) -> str:
    await _crud(walk, "/evaluations", {"evaluation_type": "platform verify", "score": 1.0}, None)
    agent = walk.agent("test-agent")
    await walk.l01("GET", f"/evaluations/agent/{agent}/stats")
    return "POST, GET, list, stats of an agent"


async def _feedback(walk: Walk) -> str:
    entry = {"feedback_type": "platform verify", "content": NOTE}
    made = await walk.l01("POST", "/feedback", entry, 201)
    one = f"/feedback/{made['id']}"
    if await walk.l01("GET", one) != made:
        raise CheckFailedError(f"GET {one} does not answer what was created")
    await _is_listed(walk, "/feedback", made["id"])
    await _is_listed(walk, "/feedback/unprocessed?order=desc", made["id"])
    await walk.l01("PATCH", one, {"processed": True})
    walk.left.append("feedback")
    return "POST, GET, list, unprocessed"


async def _config(walk: Walk) -> str:
    one = f"/config/{_NAMESPACE}/{uuid7()}"
    walk.removals.append(f"{walk.addresses.l01}{one}")
    await walk.l01("PUT", one, {"value": {"note": NOTE}})
    if (await walk.l01("GET", one))["value"] != {"note": NOTE}:
        raise CheckFailedError(f"GET {one} does not answer what was set")
    page = await walk.l01("GET", f"/config/{_NAMESPACE}")
    if one.rpartition("/")[2] not in {item["key"] for item in page["items"]}:
        raise CheckFailedError(f"GET /config/{_NAMESPACE} does not list what was set")
    return "PUT, GET, list"


async def _documents(walk: Walk) -> str:
    await _crud(walk, "/documents", {"title": NOTE}, {"content": NOTE}, deletable=True)
    return "POST, GET, list, PATCH, DELETE"


async def _sessions(walk: Walk) -> str:
    await _crud(walk, "/sessions", {"context": {"note": NOTE}}, {"status": "completed"})
    return "POST, GET, list, PATCH"


SECTIONS: Final[dict[str, Callable[[Walk], Awaitable[str]]]] = {
    "health": _health,
    "events": _events,
    "agents": _agents,
    "tools": _tools,
    "model usage": _model_usage,
    "goals": _goals,
    "plans": _plans,
    "tasks": _tasks,
    "evaluations": _evaluations,
    "feedback": _feedback,
    "config": _config,
    "documents": _documents,
    "sessions": _sessions,
}
