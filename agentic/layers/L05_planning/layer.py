"""The planning layer as the supervisor runs it: build, lifespan, background work, health."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar

from agentic.layers.base.app import LayerApp
from agentic.layers.base.backends import LocalBackend
from agentic.layers.base.background import Work
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.layer import Check, Context, Health, Layer, health_of
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.jobs import Jobs
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L05_planning.carrying import Carrying
from agentic.layers.L05_planning.checking import Checker
from agentic.layers.L05_planning.client import L05Client
from agentic.layers.L05_planning.criteria import judge_of
from agentic.layers.L05_planning.directory import Directory
from agentic.layers.L05_planning.ending import Ending
from agentic.layers.L05_planning.making import Making
from agentic.layers.L05_planning.planning import Planning
from agentic.layers.L05_planning.revising import Revising
from agentic.layers.L05_planning.routers import routes
from agentic.layers.L05_planning.settings import L05Settings
from agentic.layers.L05_planning.templates import TemplateStore


class Planner(Layer):
    """L05."""

    id: ClassVar[str] = "L05"
    title: ClassVar[str] = "Planning"
    port: ClassVar[int] = 8006
    requires: ClassVar[tuple[str, ...]] = ("L01", "L02", "L03", "L04", "L06")

    def __init__(
        self, context: Context, settings: L05Settings | None = None, jobs: Jobs | None = None
    ) -> None:
        super().__init__(context)
        self.settings = settings or L05Settings()
        self.jobs = jobs or Jobs(self.id, context)
        directory = Directory(self._l01, lambda: context.client(L03Client))
        checker = Checker(directory, self.settings)
        templates = TemplateStore(self._l01)
        making = Making(self._l01, directory, checker, templates, self.settings)
        revising = Revising(self._l01, checker)
        self._ending = Ending(self._l01)
        carrying = Carrying(
            self._l01,
            self.jobs,
            directory,
            making,
            revising,
            self._ending,
            lambda: judge_of(context),
            self.settings,
        )
        planning = Planning(self._l01, checker, making, revising, carrying, self._ending)
        self._sections = routes(planning, templates)

    def build(self) -> LayerApp:
        """Plans and templates."""
        app = LayerApp(self.title)
        for section, served in self._sections.items():
            app.serve(served, section)
        return app

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """At the end, gives back what is carried."""
        try:
            yield
        finally:
            await self.jobs.drain()

    def background(self) -> Mapping[str, Work]:
        """What carries plans, and what ends those whose runs were ended otherwise."""
        return {**self.jobs.works(), "ends of plans": self._ending.follow}

    def stopping(self) -> None:
        """Takes no more plans."""
        self.jobs.stop()

    def local_client(self) -> L05Client:
        """`L05Client` on the plans of this process."""
        return L05Client(
            backend=LocalBackend(route for served in self._sections.values() for route in served)
        )

    async def health(self) -> Health:
        """The data layer is needed. Background work that fails is tried again, and meanwhile plans are late."""
        checks: dict[str, Check] = {}
        try:
            await self._l01().plans.list(limit=1)
            checks["data layer"] = {"status": "ok", "detail": "answers"}
        except PlatformError as error:
            checks["data layer"] = {"status": "down", "detail": error.detail}
        for name in self.background():
            failure = self.background_state.failures.get(name)
            checks[name] = {"status": "degraded" if failure else "ok", "detail": failure or "at work"}
        return health_of(self.id, checks)

    def _l01(self) -> L01Client:
        return self.context.client(L01Client)
