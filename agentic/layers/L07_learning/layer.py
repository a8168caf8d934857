"""The learning layer as the supervisor runs it: build, lifespan, background work, health."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar, Final

from agentic.layers.base.app import LayerApp
from agentic.layers.base.backends import LocalBackend
from agentic.layers.base.background import Work
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.layer import Check, Context, Health, Layer, health_of
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.jobs import Jobs
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L06_evaluation.client import L06Client
from agentic.layers.L07_learning.cases import Cases
from agentic.layers.L07_learning.client import L07Client
from agentic.layers.L07_learning.deciding import Deciding
from agentic.layers.L07_learning.exporting import Exports
from agentic.layers.L07_learning.giving import Giving
from agentic.layers.L07_learning.improving import Improving
from agentic.layers.L07_learning.records import Records
from agentic.layers.L07_learning.routers import files_router, routes
from agentic.layers.L07_learning.settings import L07Settings
from agentic.layers.L07_learning.watching import Watching

FOLDER: Final = "exports"


class Learning(Layer):
    """L07."""

    id: ClassVar[str] = "L07"
    title: ClassVar[str] = "Learning"
    port: ClassVar[int] = 8008
    requires: ClassVar[tuple[str, ...]] = ("L01", "L02", "L03", "L04", "L06")

    def __init__(
        self, context: Context, settings: L07Settings | None = None, jobs: Jobs | None = None
    ) -> None:
        super().__init__(context)
        self.settings = settings = settings or L07Settings()
        self._jobs = jobs = jobs or Jobs(self.id, context)
        folder = settings.exports_dir or (context.data_dir and context.data_dir / FOLDER)
        giving, cases = Giving(self._l01), Cases(self._l01)
        records = Records(self._l01, cases, giving)
        deciding = Deciding(self._l01, self._l06, records, cases, lambda: improvement)
        improving = Improving(self._l01, self._l06, records, deciding, settings.concurrency)
        improvement = jobs.define(improving.carry, "improvement")
        self._exports = Exports(self._l01, lambda: context.client(L03Client), folder, jobs)
        self._watching = Watching(self._l01, self._l06, records, deciding, settings)
        self._sections = routes(self._l01, giving, self._exports, deciding)

    def build(self) -> LayerApp:
        """Feedback, exports, improvements."""
        app = LayerApp(self.title)
        app.include_router(files_router(self._l01, self._exports))
        for section, served in self._sections.items():
            app.serve(served, section)
        return app

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """At the end, gives back what is carried."""
        try:
            yield
        finally:
            await self._jobs.drain()

    def background(self) -> Mapping[str, Work]:
        """What carries exports and improvements, and what follows the log."""
        return {**self._jobs.works(), "watching": self._watching.run}

    def stopping(self) -> None:
        """Takes no more jobs."""
        self._jobs.stop()

    def local_client(self) -> L07Client:
        """`L07Client` on the services of this process."""
        return L07Client(
            backend=LocalBackend(route for served in self._sections.values() for route in served)
        )

    async def health(self) -> Health:
        """The data layer is needed. Background work that fails is tried again, and meanwhile jobs are late."""
        checks: dict[str, Check] = {}
        try:
            await self._l01().events.head()
            checks["data layer"] = {"status": "ok", "detail": "answers"}
        except PlatformError as error:
            checks["data layer"] = {"status": "down", "detail": error.detail}
        for name in self.background():
            failure = self.background_state.failures.get(name)
            checks[name] = (
                {"status": "ok", "detail": "at work"}
                if failure is None
                else {"status": "degraded", "detail": failure}
            )
        return health_of(self.id, checks)

    def _l01(self) -> L01Client:
        return self.context.client(L01Client)

    def _l06(self) -> L06Client:
        return self.context.client(L06Client)
