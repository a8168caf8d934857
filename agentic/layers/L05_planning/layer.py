"""The planning layer as the supervisor runs it: build, lifespan, background work, health."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from agentic.layers.base.background import Work
from agentic.layers.base.layer import Context
from agentic.layers.L02_agent_runtime.jobs import JobLayer, Jobs
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


class Planner(JobLayer):
    """L05."""

    id: ClassVar[str] = "L05"
    title: ClassVar[str] = "Planning"
    port: ClassVar[int] = 8006
    requires: ClassVar[tuple[str, ...]] = ("L01", "L02", "L03", "L04", "L06")

    def __init__(
        self, context: Context, settings: L05Settings | None = None, jobs: Jobs | None = None
    ) -> None:
        super().__init__(context, jobs)
        self.settings = settings or L05Settings()
        directory = Directory(self.l01, lambda: context.client(L03Client))
        checker = Checker(directory, self.settings)
        templates = TemplateStore(self.l01)
        making = Making(self.l01, directory, checker, templates, self.settings)
        revising = Revising(self.l01, checker)
        self._ending = Ending(self.l01)
        carrying = Carrying(
            self.l01,
            self.jobs,
            directory,
            making,
            revising,
            self._ending,
            lambda: judge_of(context),
            self.settings,
        )
        planning = Planning(self.l01, checker, making, revising, carrying, self._ending)
        self.sections = routes(planning, templates)

    def follows(self) -> Mapping[str, Work]:
        """What ends plans whose runs were ended otherwise."""
        return {"ends of plans": self._ending.follow}

    def local_client(self) -> L05Client:
        """`L05Client` on the plans of this process."""
        return L05Client(backend=self.local_backend())
