"""Who and what there is to do steps: agents by name, id or capability, and tools. Asked once for all steps of a plan."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L03_tool_execution.client import CallCheck, L03Client, ToolDescription

AT_ONCE: Final = 20
RECENT: Final = 20
"""The runs by which it is told what an agent costs."""
WORKING: Final = ("active", "created")


class Directory:
    """What steps may name."""

    def __init__(self, l01: Callable[[], L01Client], l03: Callable[[], L03Client]) -> None:
        self._l01 = l01
        self._l03 = l03

    async def agents(self, names: Iterable[str]) -> dict[str, Agent]:
        """The agents of these names or ids that are there, one that is at work before others of its name."""
        wanted = list(dict.fromkeys(names))
        turn = asyncio.Semaphore(AT_ONCE)

        async def find(name: str) -> Agent | None:
            async with turn:
                return await self._agent(name)

        found = await asyncio.gather(*(find(name) for name in wanted))
        return {name: agent for name, agent in zip(wanted, found, strict=True) if agent is not None}

    async def _agent(self, name: str) -> Agent | None:
        l01 = self._l01()
        if _is_id(name):
            try:
                return await l01.agents.get(name)
            except NotFoundError:
                return None
        found = (await l01.agents.list(name=name, limit=RECENT))["items"]
        return next((agent for agent in found if agent["status"] in WORKING), found[0] if found else None)

    async def capable(self, capabilities: Iterable[str]) -> dict[str, Agent]:
        """For each capability that somebody has, the agent that has had it for longest: its configuration lists it."""
        wanted = set(capabilities)
        found: dict[str, Agent] = {}
        if not wanted:
            return found
        async for agent in self._l01().agents.all(status="active", order="asc", limit=1000):
            for capability in wanted.intersection(_capabilities(agent)):
                found.setdefault(capability, agent)
            if len(found) == len(wanted):
                break
        return found

    async def check_calls(self, calls: Sequence[tuple[str, Any]]) -> list[CallCheck]:
        """What stands against calls of tools."""
        return await self._l03().check(calls) if calls else []

    async def tools(self, names: Sequence[str] | None = None) -> list[ToolDescription]:
        """The tools that there are, all or those of these names."""
        tools = await self._l03().catalogue()
        return [tool for tool in tools if names is None or tool["name"] in names]

    async def workers(self, names: Sequence[str] | None, limit: int) -> list[Agent]:
        """The agents that a model may give steps to: these, or the newest that are at work."""
        if names is not None:
            return list((await self.agents(names)).values())
        return (await self._l01().agents.list(status="active", limit=limit))["items"]

    async def usual_cost(self, agent: Agent) -> float | None:
        """What a run of an agent may cost, by its limit, or else on average; none: nobody knows."""
        limits: Any = agent["configuration"].get("limits")
        cost: Any = cast("Mapping[str, Any]", limits).get("cost") if isinstance(limits, Mapping) else None
        if isinstance(cost, int | float):
            return float(cost)
        runs = (await self._l01().runs.list(agent_id=agent["id"], status="completed", limit=RECENT))["items"]
        return sum(float(run["cost"]) for run in runs) / len(runs) if runs else None

    async def left(self, goal_id: str | None) -> list[tuple[str, float]]:
        """What is left of the budgets that a plan for this goal draws from, each with its name."""
        found: list[tuple[str, float]] = []
        l01 = self._l01()
        async for budget in l01.budgets.all(enabled=True, limit=1000):
            applies = budget["scope"] == "all" or (
                budget["scope"] == "goal" and goal_id is not None and budget["subject"] == goal_id
            )
            if applies and budget["max_cost"] is not None:
                left = (await l01.budgets.left(budget["id"]))["left"]["cost"]
                name = "all calls" if budget["scope"] == "all" else "this goal"
                found.append((f"the budget of {name}", left or 0.0))
        return found


def _capabilities(agent: Agent) -> list[str]:
    listed: Any = agent["configuration"].get("capabilities")
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []  # pyright: ignore[reportUnknownVariableType]


def _is_id(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
