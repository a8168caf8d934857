"""An agent that really runs: L02 carries it, L03 executes its tool, L04 asks its model. The model says what is expected of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, Final

from agentic.layers.base.ids import uuid7
from agentic.platform.verification.live import Messages, bus
from agentic.platform.verification.scripted_provider import (
    ANSWER,
    EXPRESSION,
    INPUT_TOKENS,
    MODEL,
    OUTPUT_TOKENS,
    ScriptedProvider,
    scripted_provider,
)
from agentic.platform.verification.walk import EVENT_LIMIT, Check, CheckFailedError, Walk

AGENT: Final = "running-agent"
MARK: Final = {"made_by": "platform verify"}
"""It cannot be deleted, because its run is kept; so whoever finds it later can see where it is from."""
PRICES: Final = {"input": 1.5, "output": 12.0}
"""US dollars for a million tokens."""
COST: Final = (INPUT_TOKENS * PRICES["input"] + OUTPUT_TOKENS * PRICES["output"]) / 1_000_000
_WAIT: Final = 12
_CALLS: Final = 2
_EVENTS: Final = {
    "run.created": 1,
    "run.running": 1,
    "run_step.created": 3,
    "model_usage.completed": _CALLS,
    "tool_execution.success": 1,
    "run.completed": 1,
}
"""What a run with two model calls and a tool between them is, on the bus; of each at least so many."""


class _Running:
    """What the checks of this file share."""

    def __init__(self) -> None:
        self.name = f"verify-{uuid7()}"
        self.provider: ScriptedProvider | None = None
        self.run: dict[str, Any] | None = None
        self.heard: list[dict[str, Any]] = []

    @property
    def model(self) -> str:
        return f"{self.name}/{MODEL}"

    def carried(self) -> tuple[ScriptedProvider, dict[str, Any]]:
        """The provider and the run.

        Raises:
            CheckFailedError: an earlier step failed.
        """
        if self.provider is None or self.run is None:
            raise CheckFailedError("there is no run: the step that carries it failed")
        return self.provider, self.run

    async def gateway(self, walk: Walk) -> str:
        self.provider = await walk.resources.enter_async_context(scripted_provider())
        url = f"{walk.addresses.l04}/providers/{self.name}"
        setting = {
            "kind": "openai",
            "base_url": self.provider.url,
            "discover": False,
            "order": 100_000,
            "models": {MODEL: {"context_length": 8192, "tools": True, "prices": PRICES}},
        }
        walk.removals.append(url)
        await walk.ask("PUT", url, setting)
        request = {"model": self.model, "messages": [{"role": "user", "content": "What is it?"}]}
        answer = await walk.ask(
            "POST", f"{walk.addresses.l04}/v1/chat/completions", request, key=walk.addresses.gateway_key
        )
        if answer["choices"][0]["message"]["content"] != ANSWER or self.provider.asked != 1:
            raise CheckFailedError(
                f"the model was asked {self.provider.asked} times, and the answer is {answer}"
            )
        self.provider.asked = 0
        return "/v1/chat/completions answers what the provider said"

    async def spawned(self, walk: Walk) -> str:
        configuration = {
            "model": self.model,
            "instructions": "Use the calculator.",
            "tools": ["calculator"],
            "limits": {"steps": 10, "cost": 0.01},
        }
        async with bus(walk) as messages:
            made = {"name": AGENT, "configuration": configuration, "metadata": MARK}
            agent = await walk.ask("POST", f"{walk.addresses.l02}/agents", made, 201)
            walk.agents[AGENT] = agent["id"]
            walk.endings.append(f"{walk.addresses.l02}/agents/{agent['id']}/terminate")
            await _hear(messages, self.heard, Counter({"agent.spawned": 1, "agent.active": 1}), agent["id"])
        if agent["status"] != "active":
            raise CheckFailedError(f"the agent is {agent['status']}")
        return f"agent {agent['id']}, and agent.spawned on l01:events"

    async def completed(self, walk: Walk) -> str:
        url = f"{walk.addresses.l02}/agents/{walk.agent(AGENT)}/runs"
        async with bus(walk) as messages:
            body = {"input": f"What is {EXPRESSION}?", "wait": _WAIT}
            run = await walk.ask("POST", url, body, 201)
            self.run = run
            self.heard = []
            await _hear(messages, self.heard, Counter(_EVENTS), run["id"])
        if run["status"] != "completed" or run["output"] != ANSWER:
            raise CheckFailedError(f"the run is {run['status']}: {run['output'] or run['error']}")
        steps = await walk.ask("GET", f"{walk.addresses.l02}/runs/{run['id']}/steps")
        kinds = [(step["number"], step["kind"], step["status"]) for step in steps["items"]]
        wanted = [(1, "model", "completed"), (2, "tool", "completed"), (3, "model", "completed")]
        if kinds != wanted:
            raise CheckFailedError(f"its steps are {kinds}")
        return f"run {run['id']}: model, tool, model, and its answer"

    async def executed_once(self, walk: Walk) -> str:
        provider, run = self.carried()
        page = await walk.l01("GET", f"/tool-executions?run_id={run['id']}")
        found = [(each["status"], each["output_result"], each["input_params"]) for each in page["items"]]
        if found != [("success", 42, {"expression": EXPRESSION})]:
            raise CheckFailedError(
                f"the calculator was to be used once for {EXPRESSION}; the ledger has {found}"
            )
        if provider.asked != _CALLS:
            raise CheckFailedError(f"the model was asked {provider.asked} times instead of {_CALLS}")
        return f"one execution in the ledger, 42; the model was asked {_CALLS} times"

    async def refused(self, walk: Walk) -> str:
        """What an agent's configuration does not list it may not use, and nothing is executed."""
        call: dict[str, Any] = {
            "name": "calculator",
            "arguments": {"expression": EXPRESSION},
            "agent_id": walk.agent(AGENT),
            "configuration": {"tools": []},
        }
        outcome = await walk.ask("POST", f"{walk.addresses.l03}/execute", call)
        if outcome["status"] != "permission_denied" or outcome["output"] is not None:
            raise CheckFailedError(f"it was not refused: {outcome}")
        return f"permission_denied, {outcome['error']['code']}"

    async def priced(self, walk: Walk) -> str:
        _, run = self.carried()
        page = await walk.l01("GET", f"/model-usage?run_id={run['id']}")
        calls = [(each["status"], each["input_tokens"], each["output_tokens"]) for each in page["items"]]
        if calls != [("completed", INPUT_TOKENS, OUTPUT_TOKENS)] * _CALLS:
            raise CheckFailedError(f"the calls are recorded as {calls}")
        cost = round(sum(each["cost_estimate"] for each in page["items"]), 6)
        if (cost, run["cost"]) != (round(COST * _CALLS, 6),) * 2:
            raise CheckFailedError(f"they cost {cost}, the run {run['cost']}, and should {COST * _CALLS:.6f}")
        return f"{_CALLS} calls, {INPUT_TOKENS * _CALLS} → {OUTPUT_TOKENS * _CALLS} tokens, ${cost:.6f}, and so says the run"

    async def published(self, walk: Walk) -> str:
        self.carried()
        counts = Counter(event["event_type"] for event in self.heard)
        missing = Counter(_EVENTS) - counts
        if missing:
            raise CheckFailedError(f"not heard on l01:events: {_named(missing)}")
        return f"l01:events had {_named(Counter(_EVENTS))}"


def running() -> list[Check]:
    """The checks, in their order: each uses what those before it made."""
    shared = _Running()
    return [
        Check("L04", "A provider is asked, by OpenAI's API", shared.gateway),
        Check("L02", "An agent is spawned", shared.spawned),
        Check("L02", "Its run is carried to the end", shared.completed),
        Check("L02", "What happened is published", shared.published),
        Check("L03", "Its tool was executed once", shared.executed_once),
        Check("L03", "A tool that it has not is refused", shared.refused),
        Check("L04", "Usage and cost are recorded", shared.priced),
    ]


async def _hear(messages: Messages, heard: list[dict[str, Any]], wanted: Counter[str], about: str) -> None:
    """Keeps what is heard about a record and those that were made for it, until everything that is wanted was heard."""
    missing, ids = wanted.copy(), {about}
    try:
        async with asyncio.timeout(EVENT_LIMIT):
            async for event in messages:
                payload: dict[str, Any] = event["payload"] or {}
                if payload.get("run_id") == about:
                    ids.add(event["aggregate_id"])
                if event["aggregate_id"] not in ids:
                    continue
                heard.append(event)
                missing -= Counter({event["event_type"]: 1})
                if not missing:
                    return
    except TimeoutError:
        raise CheckFailedError(f"not heard on l01:events: {_named(missing)}") from None


def _named(counts: Counter[str]) -> str:
    return ", ".join(name if count == 1 else f"{name} × {count}" for name, count in counts.items())
