"""A worker with what it stands on, for whoever carries runs apart from the runtime: those that only it takes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

from agentic.layers.base.background import Background, Work
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.carrier import Carrier
from agentic.layers.L02_agent_runtime.news import RunNews
from agentic.layers.L02_agent_runtime.settings import L02Settings
from agentic.layers.L02_agent_runtime.worker import Worker
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L04_model_gateway.client import L04Client


class Crew:
    """What carries the runs of some agents, or those that are kept under a name."""

    def __init__(
        self,
        l01: L01Client,
        l03: L03Client,
        l04: L04Client,
        settings: L02Settings,
        *,
        agent_ids: list[str | UUID] | None = None,
        carried_by: str | None = None,
    ) -> None:
        self.news = RunNews(lambda: l01)
        carrier = Carrier(lambda: l01, lambda: l03, lambda: l04, settings)
        self.worker = Worker(lambda: l01, carrier, self.news, settings, agent_ids, carried_by)

    @property
    def works(self) -> Mapping[str, Work]:
        """What runs in the background meanwhile, by name."""
        return {"news": self.news.follow, "runs": self.worker.take, "signs of life": self.worker.beat}

    def stop(self) -> None:
        """Takes no more, and lets go of who waits."""
        self.worker.stop()
        self.news.end()

    async def drain(self) -> None:
        """Gives back what is not done."""
        self.news.end()
        await self.worker.drain()

    @asynccontextmanager
    async def at_work(self, name: str) -> AsyncGenerator[None]:
        """Carries until the block is left."""
        try:
            async with Background(name).running(self.works):
                yield
        finally:
            await self.drain()
