"""Agents as tools: a call is a run of the other agent, and its result the answer. Who waits for it holds nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.base.ids import now
from agentic.layers.base.states import RUN, final_states
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L02_agent_runtime.errors import AgentConfigurationError, DepthError
from agentic.layers.L02_agent_runtime.outcomes import Outcome, in_seconds, suspended

FINAL: Final = final_states(RUN)
PARAMETERS: Final = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "What the agent is to do."}},
    "required": ["input"],
    "additionalProperties": False,
}
CARRIED_BY: Final = "carried_by"
"""In the configuration of a run: the only worker that takes it (`run_statements.CLAIM`)."""
KEEPS_CHILDREN: Final = "keeps_children"
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
FIRST_LOOK: Final = 15.0
LAST_LOOK: Final = 300.0
"""Seconds after which a waiting run looks for itself whether the other is done: it is woken, this is the net."""
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]+")


class ChildEnd(NamedTuple):
    """How a child's run ended."""

    run: Run

    @property
    def result(self) -> dict[str, Any]:
        """What is kept of it in the step of the one that called."""
        cost = float(self.run["cost"] or 0)
        return {"child_run": self.run["id"], "output": self.run["output"], "cost": cost}

    @property
    def error(self) -> dict[str, Any] | None:
        """Why it has no result; none when it has one."""
        if self.run["status"] == "completed":
            return None
        reason = (self.run["error"] or {}).get("detail", "no reason is known")
        return {
            "status": self.run["status"],
            "detail": f"The other agent's run is {self.run['status']}: {reason}",
        }


class SubAgents:
    """The agents that one run may call."""

    def __init__(self, l01: L01Client, run: Run, tools: list[Any], depth: int, deepest: int) -> None:
        self._l01 = l01
        self._run = run
        self._entries: list[Mapping[str, Any]] = [
            entry for entry in tools if isinstance(entry, Mapping) and "agent" in entry
        ]
        self._depth = depth
        self._deepest = deepest
        self._by_name: dict[str, Agent] = {}

    async def load(self) -> list[dict[str, Any]]:
        """Finds the agents, and answers what a model is told of them.

        Raises:
            AgentConfigurationError: one is not there.
        """
        told: list[dict[str, Any]] = []
        for entry in self._entries:
            agent = await find_agent(self._l01, str(entry["agent"]))
            name = str(entry.get("name") or _NOT_IN_NAMES.sub("_", agent["name"]).strip("_") or "agent")
            self._by_name[name] = agent
            description = entry.get("description") or f"Asks the agent {agent['name']}."
            told.append({"name": name, "description": str(description), "parameters": PARAMETERS})
        return told

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> ChildEnd | Outcome:
        """The end of the other agent's run, or what the caller's run has to wait for.

        Raises:
            DepthError: agents are nested too deep.
        """
        return await self.run_of(self._by_name[name], arguments.get("input"), key)

    async def run_of(
        self, agent: Agent | None, value: Any, key: str, fields: Mapping[str, Any] = NOTHING
    ) -> ChildEnd | Outcome:
        """`call` for any agent, or for none; `key` is the place of the call in the run: the same call is the same child.

        `fields` are what is different in this run: a `configuration` that is laid over the agent's (its limits one by one),
        `goal_id`, `task_id`.

        Raises:
            DepthError: agents are nested too deep.
        """
        child = await self._find(key)
        if child is None:
            if self._depth >= self._deepest:
                raise DepthError(f"Agents may call agents {self._deepest} times over.", depth=self._depth)
            child = await self._l01.runs.create(
                agent_id=None if agent is None else agent["id"],
                input=value,
                configuration={
                    **_laid_over(agent, fields.get("configuration", NOTHING)),
                    **_kept_for_the_same(self._run),
                    "depth": self._depth + 1,
                    "called_at": key,
                },
                parent_run_id=self._run["id"],
                goal_id=fields.get("goal_id", self._run["goal_id"]),
                task_id=fields.get("task_id", self._run["task_id"]),
                priority=self._run["priority"],
                idempotency_key=f"{self._run['id']}:{key}",
            )
        return ChildEnd(child) if child["status"] in FINAL else _wait(child)

    async def _find(self, key: str) -> Run | None:
        """The child that was made for this call already; the key of `create` is remembered for a day only."""
        page = await self._l01.runs.list(parent_run_id=self._run["id"], called_at=key, limit=1)
        return page["items"][0] if page["items"] else None


def _kept_for_the_same(run: Run) -> dict[str, Any]:
    """A run that keeps its children, as one that is recorded does, has them carried by who carries it."""
    given = run["configuration"]
    if not (given.get(KEEPS_CHILDREN) and given.get(CARRIED_BY)):
        return {}
    return {name: given[name] for name in (CARRIED_BY, KEEPS_CHILDREN)}


def _laid_over(agent: Agent | None, changes: Mapping[str, Any]) -> dict[str, Any]:
    configuration: Mapping[str, Any] = NOTHING if agent is None else agent["configuration"]
    limits: dict[str, Any] = {**(configuration.get("limits") or {}), **(changes.get("limits") or {})}
    return {**configuration, **changes, **({"limits": limits} if limits else {})}


def _wait(child: Run) -> Outcome:
    age = (now() - datetime.fromisoformat(child["created_at"])).total_seconds()
    look = in_seconds(min(LAST_LOOK, max(FIRST_LOOK, age)))
    return suspended(look)._replace(children=(child["id"],))


async def find_agent(l01: L01Client, reference: str) -> Agent:
    """An agent by its id or its name.

    Raises:
        AgentConfigurationError: there is none.
    """
    try:
        return await l01.agents.get(reference)
    except Exception as error:
        if getattr(error, "code", "") not in ("E1001", "E1002"):
            raise
    found = (await l01.agents.list(name=reference, limit=1))["items"]
    if not found:
        raise AgentConfigurationError(f"There is no agent {reference!r} to be called.")
    return found[0]


async def wake(l01: L01Client, run_id: str) -> None:
    """Lets a run that waits for a child, whatever else it waits for, go on; one that a person paused stays so."""
    with suppress(NotFoundError):
        await l01.runs.wake(run_id)
