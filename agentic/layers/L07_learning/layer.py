"""The learning layer as the supervisor runs it: build, lifespan, background work, health."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from agentic.layers.base.app import LayerApp
from agentic.layers.base.background import Work
from agentic.layers.base.layer import Context
from agentic.layers.L02_agent_runtime.jobs import JobLayer, Jobs
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L06_evaluation.client import L06Client
from agentic.layers.L07_learning.backends import LocalBackend
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


class Learning(JobLayer):
    """L07."""

    id: ClassVar[str] = "L07"
    title: ClassVar[str] = "Learning"
    port: ClassVar[int] = 8008
    requires: ClassVar[tuple[str, ...]] = ("L01", "L02", "L03", "L04", "L06")

    def __init__(
        self, context: Context, settings: L07Settings | None = None, jobs: Jobs | None = None
    ) -> None:
        super().__init__(context, jobs)
        self.settings = settings = settings or L07Settings()
        folder = settings.exports_dir or (context.data_dir and context.data_dir / FOLDER)
        giving, cases = Giving(self.l01), Cases(self.l01)
        records = Records(self.l01, cases, giving)
        deciding = Deciding(self.l01, self._l06, records, cases, lambda: improvement)
        improving = Improving(self.l01, self._l06, records, deciding, settings.concurrency)
        improvement = self.jobs.define(improving.carry, "improvement")
        self._exports = Exports(self.l01, lambda: context.client(L03Client), folder, self.jobs)
        self._watching = Watching(self.l01, self._l06, records, deciding, settings)
        self.sections = routes(self.l01, giving, self._exports, deciding)

    def build(self) -> LayerApp:
        """The sections, and the files of exports."""
        app = super().build()
        app.include_router(files_router(self._exports))
        return app

    def follows(self) -> Mapping[str, Work]:
        """What follows the log."""
        return {"watching": self._watching.run}

    def local_client(self) -> L07Client:
        """`L07Client` on the services of this process."""
        every = (route for served in self.sections.values() for route in served)
        return L07Client(backend=LocalBackend(every, self._exports.file))

    def _l06(self) -> L06Client:
        return self.context.client(L06Client)
