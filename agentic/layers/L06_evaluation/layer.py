"""The evaluation layer as the supervisor runs it: build, lifespan, background work, health."""

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
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.jobs import Jobs
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L06_evaluation.alerts import Alerts
from agentic.layers.L06_evaluation.bounded import Bounded
from agentic.layers.L06_evaluation.client import L06Client
from agentic.layers.L06_evaluation.evaluations import Evaluations
from agentic.layers.L06_evaluation.evaluators.evaluator import Means
from agentic.layers.L06_evaluation.experiment_job import ExperimentJob
from agentic.layers.L06_evaluation.experiments import Experiments
from agentic.layers.L06_evaluation.filling import Filling
from agentic.layers.L06_evaluation.following import Following
from agentic.layers.L06_evaluation.routers import routes
from agentic.layers.L06_evaluation.rules import Rules
from agentic.layers.L06_evaluation.settings import L06Settings
from agentic.layers.L06_evaluation.trends import Trends


class Evaluation(Layer):
    """L06."""

    id: ClassVar[str] = "L06"
    title: ClassVar[str] = "Evaluation"
    port: ClassVar[int] = 8007
    requires: ClassVar[tuple[str, ...]] = ("L01", "L02", "L03", "L04")

    def __init__(
        self, context: Context, settings: L06Settings | None = None, jobs: Jobs | None = None
    ) -> None:
        super().__init__(context)
        self.settings = settings = settings or L06Settings()
        self._bounded = Bounded(settings.pattern_seconds)
        self._jobs = jobs or Jobs(self.id, context)
        means = Means(
            self._l01,
            lambda: context.client(L03Client),
            lambda: context.client(L04Client),
            self._bounded,
            settings,
        )
        alerts = Alerts(self._l01, settings)
        job = self._jobs.define(ExperimentJob(self._l01, means, alerts).carry, "experiment")
        experiments = Experiments(self._l01, lambda: context.client(L02Client), job)
        rules = Rules(self._l01, self.local_client, alerts)
        self._following = Following(self._l01, rules, experiments, alerts)
        self._sections = routes(Evaluations(means), rules, Filling(self._l01), experiments, Trends(self._l01))

    def build(self) -> LayerApp:
        """Judging, rules, datasets, experiments, trends."""
        app = LayerApp(self.title)
        for section, served in self._sections.items():
            app.serve(served, section)
        return app

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """At the end, gives back the experiments that are carried."""
        try:
            yield
        finally:
            await self._jobs.drain()
            await self._bounded.close()

    def background(self) -> Mapping[str, Work]:
        """What carries experiments, and what follows the log for rules and alerts."""
        return {**self._jobs.works(), "rules and alerts": self._following.run}

    def stopping(self) -> None:
        """Takes no more experiments."""
        self._jobs.stop()

    def local_client(self) -> L06Client:
        """`L06Client` on the services of this process."""
        return L06Client(
            backend=LocalBackend(route for served in self._sections.values() for route in served)
        )

    async def health(self) -> Health:
        """The data layer is needed. Background work that fails is tried again, and meanwhile experiments and rules are late."""
        checks: dict[str, Check] = {}
        try:
            await self._l01().events.head()
            checks["data layer"] = {"status": "ok", "detail": "answers"}
        except PlatformError as error:
            checks["data layer"] = {"status": "down", "detail": error.detail}
        for name in self.background():
            failure = self.background_state.failures.get(name)
            checks[name] = {
                "status": "ok" if failure is None else "degraded",
                "detail": failure or "at work",
            }
        return health_of(self.id, checks)

    def _l01(self) -> L01Client:
        return self.context.client(L01Client)
