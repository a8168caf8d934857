"""The agent runtime as the supervisor runs it: build, lifespan, background work, health."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar

from agentic.layers.base.app import LayerApp
from agentic.layers.base.background import Work
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.layer import Check, Context, Health, Layer, health_of
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime import functions, routers
from agentic.layers.L02_agent_runtime.backends import LocalBackend
from agentic.layers.L02_agent_runtime.carrier import Carrier
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.control import RunControl
from agentic.layers.L02_agent_runtime.durable import agents_of
from agentic.layers.L02_agent_runtime.lifecycle import Lifecycle
from agentic.layers.L02_agent_runtime.news import RunNews
from agentic.layers.L02_agent_runtime.schedules import Clock
from agentic.layers.L02_agent_runtime.settings import L02Settings
from agentic.layers.L02_agent_runtime.stream import RunStream
from agentic.layers.L02_agent_runtime.worker import Worker
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L04_model_gateway.client import L04Client


class AgentRuntime(Layer):
    """L02."""

    id: ClassVar[str] = "L02"
    title: ClassVar[str] = "Agent runtime"
    port: ClassVar[int] = 8003
    requires: ClassVar[tuple[str, ...]] = ("L01", "L03", "L04")

    def __init__(self, context: Context, settings: L02Settings | None = None) -> None:
        super().__init__(context)
        self.settings = settings or L02Settings()
        self.news = RunNews(self._l01)
        self.carrier = Carrier(
            self._l01,
            lambda: context.client(L03Client),
            lambda: context.client(L04Client),
            self.settings,
        )
        self.worker = Worker(self._l01, self.carrier, self.news, self.settings)
        self.clock = Clock(self._l01, self.news)
        self.lifecycle = Lifecycle(self._l01)
        self.control = RunControl(self._l01, self.news, self.lifecycle)
        self.streams = RunStream(self._l01, self.news)
        self._sections = {
            "agents": routers.agent_routes(self.lifecycle, self.control),
            "runs": routers.run_routes(self.control),
            "schedules": routers.schedule_routes(self._l01),
        }
        self.backend = LocalBackend(
            [route for routes in self._sections.values() for route in routes], self.streams
        )

    def build(self) -> LayerApp:
        """Agents, runs and their streams."""
        app = LayerApp(self.title)
        app.include_router(routers.stream_router(self.control, self.streams))
        for section, routes in self._sections.items():
            app.serve(routes, section)
        return app

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Loads agents of somebody's own code; at the end, gives back what is carried."""
        functions.load(self._modules())
        try:
            yield
        finally:
            self.news.end()
            await self.worker.drain()

    def background(self) -> Mapping[str, Work]:
        """What carries runs, and what follows what happens to them."""
        works: dict[str, Work] = {"news": self.news.follow}
        if self.settings.carries:
            works |= {
                "agents of your own": self._record_agents,
                "runs": self.worker.take,
                "signs of life": self.worker.beat,
                "schedules": self.clock.run,
            }
        return works

    async def _record_agents(self) -> None:
        """Gives the agents of the modules that are loaded their records, so that they can be run by name."""
        for agent in agents_of(self._modules()):
            await agent.record(self._l01())

    def _modules(self) -> list[str]:
        return [name.strip() for name in self.settings.modules.split(",") if name.strip()]

    def stopping(self) -> None:
        """Takes no more runs, and ends the streams."""
        self.worker.stop()
        self.news.end()

    def local_client(self) -> L02Client:
        """`L02Client` on the runtime of this process."""
        return L02Client(backend=self.backend)

    async def health(self) -> Health:
        """The data layer is needed. Background work that fails is tried again, and meanwhile runs are late."""
        checks: dict[str, Check] = {}
        try:
            await self._l01().events.head()
            checks["data layer"] = {"status": "ok", "detail": "answers"}
        except PlatformError as error:
            checks["data layer"] = {"status": "down", "detail": error.detail}
        for name in self.background():
            failure = self.background_state.failures.get(name)
            checks[name] = (
                {"status": "ok", "detail": self._detail(name)}
                if failure is None
                else {"status": "degraded", "detail": failure}
            )
        return health_of(self.id, checks)

    def _detail(self, name: str) -> str:
        if name == "runs":
            return f"{self.worker.carried} carried, {self.worker.taken} taken since the start"
        return "at work"

    def _l01(self) -> L01Client:
        return self.context.client(L01Client)
