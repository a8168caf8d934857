"""Agents, runs that this process holds, and side effects that can be counted."""

from __future__ import annotations

import asyncio
from typing import Any

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L03_tool_execution.layer import ToolExecution
from agentic.layers.L03_tool_execution.tool import Rules


async def an_agent(l01: L01Client, *tools: Any, name: str = "a", **configuration: Any) -> str:
    return (await l01.create_agent(name, "general", {"tools": list(tools), **configuration}))["id"]


async def a_run(l01: L01Client, agent_id: str) -> RunRef:
    """A run that this process holds, at its first step."""
    await l01.runs.create(agent_id=agent_id, input="go")
    (run,) = await l01.runs.claim("test", limit=1)
    return RunRef(run["id"], run["token"], 1)


async def taken_over(l01: L01Client, run: RunRef) -> RunRef:
    """The same run, as another process takes it when its lease is over."""
    await l01.runs.beat("test", {run.run_id: run.token}, lease_seconds=0.01)
    await asyncio.sleep(0.05)
    (again,) = await l01.runs.claim("other", limit=1)
    assert again["id"] == run.run_id
    return RunRef(run.run_id, again["token"], run.step)


class Counter:
    """A side effect that can be counted."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def __call__(self, n: int = 0) -> int:
        """Counts."""
        self.calls.append(n)
        return len(self.calls)


def counting(layer: ToolExecution, name: str = "count", **rules: Any) -> Counter:
    counter = Counter()

    def count(n: int = 0) -> int:
        """Counts."""
        return counter(n)

    layer.registry.add(count, name=name, rules=Rules(**rules))
    return counter
