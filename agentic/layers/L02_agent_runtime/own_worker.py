"""Agents of your own code, carried by the program that they stand in, beside a running platform.

    import asyncio, agentic

    @agentic.agent(model="small")
    async def hello(ctx, name):
        return (await ctx.model(f"Greet {name}.")).text

    print(asyncio.run(agentic.run(hello, "Ada"))["output"])

Nothing of the code goes to the platform: it knows the agent and its steps, and only this program takes its runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L02_agent_runtime.control import RunControl
from agentic.layers.L02_agent_runtime.crew import Crew
from agentic.layers.L02_agent_runtime.durable import DurableAgent
from agentic.layers.L02_agent_runtime.lifecycle import Lifecycle
from agentic.layers.L02_agent_runtime.models import RunBegin
from agentic.layers.L02_agent_runtime.news import RunNews
from agentic.layers.L02_agent_runtime.settings import L02Settings
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L04_model_gateway.client import L04Client


class Carrying:
    """Agents of this program, and their runs."""

    def __init__(self, l01: L01Client, news: RunNews, records: dict[str, Agent]) -> None:
        self.records = records
        """The agents' records, by their names."""
        self._l01 = l01
        self._control = RunControl(lambda: l01, news, Lifecycle(lambda: l01))

    async def begin(self, agent: DurableAgent, value: Any = None, **fields: Any) -> Run:
        """A new run of one of the agents; `session_id`, `priority`, `due_at`, `goal_id`, `task_id`."""
        body = RunBegin(input=value, **fields)
        return await self._control.create(self.records[agent.name]["id"], body, None)

    async def wait(self, run_id: str, seconds: float = 3600.0) -> Run:
        """A run, when it has ended or needs somebody, or as it is after so many seconds."""
        return await self._control.until_at_rest(run_id, seconds)


@asynccontextmanager
async def carrying(
    *agents: DurableAgent,
    l01: L01Client | None = None,
    l03: L03Client | None = None,
    l04: L04Client | None = None,
    settings: L02Settings | None = None,
) -> AsyncGenerator[Carrying]:
    """Carries the runs of these agents until the block is left; what is not done then, is by the next who carries them."""
    data, tools, models = l01 or L01Client(), l03 or L03Client(), l04 or L04Client()
    records = {agent.name: await agent.record(data) for agent in agents}
    ids: list[str | UUID] = [record["id"] for record in records.values()]
    crew = Crew(data, tools, models, settings or L02Settings(), agent_ids=ids)
    async with crew.at_work("agents of your own"):
        yield Carrying(data, crew.news, records)


async def run(agent: DurableAgent, value: Any = None, *, seconds: float = 3600.0, **fields: Any) -> Run:
    """Runs an agent once, here, and answers its run when it has ended.

    A run that waits for a person is answered as it is; it goes on when this program carries the agent again.
    """
    async with carrying(agent) as here:
        begun = await here.begin(agent, value, **fields)
        return await here.wait(begun["id"], seconds)


def run_worker(*agents: DurableAgent) -> None:
    """Carries the runs of these agents until the program is interrupted."""

    async def carry() -> None:
        async with carrying(*agents):
            await asyncio.Event().wait()

    asyncio.run(carry())
