"""A goal that is really reached, judged and learned from: L05 plans, L06 judges, L07 keeps what is thought, L11 tells others."""

from __future__ import annotations

import json
from typing import Any, Final

from agentic.layers.base.ids import uuid7
from agentic.platform.catalogue import CATALOGUE
from agentic.platform.verification.agents_running import AGENT
from agentic.platform.verification.live import redis_client
from agentic.platform.verification.walk import EVENT_LIMIT, Check, CheckFailedError, Walk

_WAIT: Final = 12
STEPS: Final = [
    {"id": "product", "tool": "calculator", "input": {"expression": "6 * 7"}},
    {
        "id": "again",
        "tool": "calculator",
        "input": {"expression": "6 * 7"},
        "condition": {"$from": "product", "equals": 42},
    },
]
CIRCLE: Final = [
    {"id": "hen", "tool": "calculator", "input": {"expression": "1"}, "depends_on": ["egg"]},
    {"id": "egg", "tool": "calculator", "input": {"expression": "1"}, "depends_on": ["hen"]},
]
CHAIN: Final = {"goal", "plan", "task", "run", "run_step", "tool_execution", "evaluation"}
_MCP: Final[dict[str, Any]] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/list",
    "params": {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    },
}
_MCP_HEADERS: Final = {
    "accept": "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/list",
}


class _Reached:
    """What the checks of this file share."""

    def __init__(self) -> None:
        self._goal = ""
        self._plan: dict[str, Any] = {}
        self._evaluation = ""

    async def planned(self, walk: Walk) -> str:
        goal = await walk.l01("POST", "/goals", {"description": "Made by platform verify"}, 201)
        url = f"{walk.addresses.l05}/goals/{goal['id']}/plan"
        refused = await walk.ask("POST", url, {"steps": CIRCLE}, 422)
        if "hen" not in json.dumps(refused) or "egg" not in json.dumps(refused):
            raise CheckFailedError(f"what is wrong with a circle is not said: {refused}")
        made = await walk.ask("POST", url, {"steps": STEPS}, 201)
        self._goal, self._plan = goal["id"], made["plan"]
        return f"a circle is refused, {refused['code']}; plan {self._plan['id']} of {len(STEPS)} steps"

    async def carried_out(self, walk: Walk) -> str:
        url = f"{walk.addresses.l05}/plans/{self._planned()['id']}"
        await walk.ask("POST", f"{url}/approve")
        state = await walk.ask("POST", f"{url}/execute", {"wait": _WAIT})
        self._plan = state["plan"]
        tasks = {task["status"] for task in state["tasks"]}
        goal = await walk.l01("GET", f"/goals/{self._goal}")
        result: dict[str, Any] = goal["result"] or {}
        outputs = result.get("outputs")
        if self._plan["status"] != "completed" or tasks != {"completed"} or outputs != {"again": 42}:
            raise CheckFailedError(f"the plan is {self._plan['status']}, its tasks {tasks}: {outputs}")
        used = await walk.l01("GET", f"/tool-executions?run_id={self._plan['run_id']}")
        if len(used["items"]) != len(STEPS):
            raise CheckFailedError(f"its tool was executed {len(used['items'])} times")
        return "two tasks are done, each once, and the goal's result is 42"

    async def judged(self, walk: Walk) -> str:
        order = {
            "run_id": self._planned()["run_id"],
            "output": 42,
            "expected": 42,
            "evaluators": [{"kind": "exact"}],
        }
        kept = await walk.ask("POST", f"{walk.addresses.l06}/evaluate", order, 201)
        (evaluation,) = kept["items"]
        if evaluation["score"] != 1:
            raise CheckFailedError(f"42 for 42 is scored {evaluation['score']}")
        self._evaluation = evaluation["id"]
        stored = await walk.l01("GET", f"/evaluations/{evaluation['id']}")
        return f"42 for 42 is scored {stored['score']:g}, and L01 has the evaluation"

    async def learned_from(self, walk: Walk) -> str:
        runs = await walk.l01("GET", f"/runs?agent_id={walk.agent(AGENT)}")
        if not runs["items"]:
            raise CheckFailedError("there is no run: the step that carries it failed")
        given = {
            "run_id": runs["items"][0]["id"],
            "kind": "thumb",
            "rating": 1,
            "content": "Made by platform verify",
        }
        said = await walk.ask("POST", f"{walk.addresses.l07}/feedback", given, 201)
        open_ = await walk.l01("GET", f"/feedback?processed=false&run_id={given['run_id']}")
        if said["id"] not in {each["id"] for each in open_["items"]}:
            raise CheckFailedError("what was said of the run is not among the unprocessed feedback")
        done = {"done": "Seen by platform verify"}
        handled = await walk.ask("POST", f"{walk.addresses.l07}/feedback/{said['id']}/handled", done)
        if not handled["processed"]:
            raise CheckFailedError("it was handled and is not processed")
        return "a thumb is unprocessed feedback until it says what was done with it"

    async def traced(self, walk: Walk) -> str:
        self._planned()
        lineage = await walk.l01("GET", f"/lineage/goal/{self._goal}")
        kinds = {item["kind"] for item in lineage["items"]}
        if missing := CHAIN - kinds:
            raise CheckFailedError(f"the goal's lineage lacks {', '.join(sorted(missing))}")
        back = await walk.l01("GET", f"/lineage/evaluation/{self._evaluation}")
        if self._goal not in {item["id"] for item in back["items"]}:
            raise CheckFailedError("the evaluation's lineage does not lead back to the goal")
        page = await walk.page(f"/lineage/goal/{self._goal}")
        if self._evaluation not in page:
            raise CheckFailedError("the lineage's page does not show the evaluation")
        return "goal, plan, task, run, step, execution, evaluation: one query, either way, and one page"

    async def told(self, walk: Walk) -> str:
        """Whoever reads a Redis stream gets what it subscribed to, with the place that it has."""
        name = f"verify-{uuid7()}"
        url = f"{walk.addresses.l11}/subscriptions"
        wanted = {"name": name, "kind": "stream", "event_type": "goal.*", "target": {"stream": name}}
        await walk.ask("POST", url, wanted, 201)
        walk.removals.append(f"{url}/{name}")
        goal = await walk.l01("POST", "/goals", {"description": "Made by platform verify"}, 201)
        await walk.l01("PATCH", f"/goals/{goal['id']}", {"status": "cancelled"})
        key, last, seen = f"l11:{name}", "0", ""
        async with redis_client(walk) as redis:
            while "goal.cancelled" not in seen:
                read = await redis.xread({key: last}, block=int(EVENT_LIMIT * 1000))
                if not read:
                    raise CheckFailedError(
                        f"the stream {key} has no goal.cancelled, only {seen or 'nothing'}"
                    )
                entries = _entries(read)
                last, seen = entries[-1][0], seen + str(entries)
            await redis.delete(key)
        return "goal.created and goal.cancelled are in the Redis stream of a subscription"

    async def known(self, walk: Walk) -> str:
        found = await walk.ask("GET", f"{walk.addresses.l11}/services")
        known = {each["id"]: each["status"] for each in found["items"]}
        if set(known) != set(CATALOGUE) - {"L11"} or "down" in known.values():
            raise CheckFailedError(f"the services are {known}")
        return f"the {len(known)} others are services, with how they are"

    async def spoken_to(self, walk: Walk) -> str:
        url = f"{walk.addresses.l11}/mcp"
        headers = {**_MCP_HEADERS, "x-api-key": walk.addresses.gateway_key}
        response = await walk.http.post(url, json=_MCP, headers=headers)
        if response.status_code != 200 or "run_begin" not in response.text:
            raise CheckFailedError(f"POST {url} answered {response.status_code}: {response.text[:200]}")
        return "/mcp lists its tools to a client of version 2026-07-28"

    def _planned(self) -> dict[str, Any]:
        if not self._plan:
            raise CheckFailedError("there is no plan: the step that makes it failed")
        return self._plan


def goal_to_change() -> list[Check]:
    """The checks, in their order: each uses what those before it made, and the agent that ran."""
    shared = _Reached()
    return [
        Check("L05", "A goal gets a plan", shared.planned),
        Check("L05", "Its plan is carried out", shared.carried_out),
        Check("L06", "What came of it is judged", shared.judged),
        Check("L07", "What is thought of a run is kept", shared.learned_from),
        Check("L07", "Everything is one lineage", shared.traced),
        Check("L11", "Others are told", shared.told),
        Check("L11", "The other layers are known", shared.known),
        Check("L11", "MCP clients are served", shared.spoken_to),
    ]


def _entries(read: dict[Any, Any] | list[Any]) -> list[Any]:
    """The entries of the one stream that was read, which the protocol's versions answer differently."""
    (stream,) = read.values() if isinstance(read, dict) else [entries for _, entries in read]
    return stream[0] if stream and isinstance(stream[0], list) else stream
