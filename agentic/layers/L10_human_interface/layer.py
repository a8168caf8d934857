"""The human interface as the supervisor runs it: build, background work, health."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar, Final

from starlette.middleware.gzip import GZipMiddleware

from agentic.layers.base.app import LayerApp
from agentic.layers.base.background import Work
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.layer import Check, Context, Health, Layer, health_of
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L05_planning.client import L05Client
from agentic.layers.L10_human_interface import assets, dashboard, sockets, theme
from agentic.layers.L10_human_interface.hub import Hub
from agentic.layers.L10_human_interface.layer_health import LayerMonitor
from agentic.layers.L10_human_interface.model_names import ModelNames
from agentic.layers.L10_human_interface.neighbours import Neighbours
from agentic.layers.L10_human_interface.pages import (
    agent,
    agents,
    approvals,
    datasets,
    error,
    errors,
    evaluations,
    events,
    experiments,
    exports,
    feedback,
    goal,
    goals,
    improvements,
    layers,
    lineage,
    overview,
    plan,
    planning_forms,
    run,
    runs,
    search,
    subscriptions,
    tools,
    usage,
)
from agentic.layers.L10_human_interface.planning import Planning
from agentic.layers.L10_human_interface.runtime import Runtime
from agentic.layers.L10_human_interface.settings import L10Settings
from agentic.layers.L10_human_interface.web_site import Site

SECTIONS: Final = (
    overview,
    agents,
    agent,
    runs,
    run,
    goals,
    goal,
    planning_forms,
    plan,
    lineage,
    tools,
    approvals,
    usage,
    evaluations,
    feedback,
    datasets,
    experiments,
    exports,
    improvements,
    events,
    subscriptions,
    layers,
    errors,
    search,
    theme,
    dashboard,
)


class HumanInterface(Layer):
    """L10."""

    id: ClassVar[str] = "L10"
    title: ClassVar[str] = "Human interface"
    port: ClassVar[int] = 8001
    requires: ClassVar[tuple[str, ...]] = ("L01",)

    def __init__(self, context: Context, settings: L10Settings | None = None) -> None:
        super().__init__(context)
        self.settings = settings or L10Settings()
        l01 = context.client(L01Client)
        self.hub = Hub(l01)
        self.monitor = LayerMonitor(context.health_checks, self.health, self.settings.health_interval)
        runtime = Runtime(lambda: context.client(L02Client), lambda: context.client(L03Client), self.monitor)
        models = ModelNames(lambda: context.client(L04Client), self.monitor)
        planning = Planning(lambda: context.client(L05Client), self.monitor)
        beside = Neighbours(context, self.monitor)
        self.site = Site(l01, self.hub, self.monitor, runtime, models, planning, beside)

    def build(self) -> LayerApp:
        """The pages, the sockets, the static files and the JSON of the dashboard."""
        app = LayerApp(self.title)
        for section in SECTIONS:
            app.include_router(section.routes(self.site))
        app.include_router(sockets.routes(self.site, self.settings))
        app.add_route("/static/{name:path}", assets.serve_asset, include_in_schema=False)
        app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
        error.install(app, self.site)
        return app

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """At the end, listens to no run any more."""
        try:
            yield
        finally:
            await self.site.answers.close()

    def background(self) -> Mapping[str, Work]:
        """The hub that the sockets hang on, and the measuring of health."""
        return {"hub": self.hub.run, "health": self.monitor.run}

    async def health(self) -> Health:
        """Pages need the data layer; to be live they need the log to be followed closely."""
        try:
            head = await self.site.l01.events.head()
        except PlatformError as error:
            return health_of(self.id, {"data layer": {"status": "down", "detail": error.detail}})
        return health_of(
            self.id, {"data layer": {"status": "ok", "detail": "answers"}, "live events": self._live(head)}
        )

    def _live(self, head: int) -> Check:
        behind = max(head - self.hub.position, 0)
        if self.hub.following and behind <= self.settings.replay_limit:
            return {"status": "ok", "detail": f"followed up to #{self.hub.position}"}
        return {"status": "degraded", "detail": f"{behind} events behind"}
