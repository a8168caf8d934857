"""The evaluation layer as the supervisor runs it: build, lifespan, background work, health."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from agentic.layers.base.background import Work
from agentic.layers.base.layer import Context
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.jobs import JobLayer, Jobs
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


class Evaluation(JobLayer):
    """L06."""

    id: ClassVar[str] = "L06"
    title: ClassVar[str] = "Evaluation"
    port: ClassVar[int] = 8007
    requires: ClassVar[tuple[str, ...]] = ("L01", "L02", "L03", "L04")

    def __init__(
        self, context: Context, settings: L06Settings | None = None, jobs: Jobs | None = None
    ) -> None:
        super().__init__(context, jobs)
        self.settings = settings = settings or L06Settings()
        self._bounded = Bounded(settings.pattern_seconds)
        means = Means(
            self.l01,
            lambda: context.client(L03Client),
            lambda: context.client(L04Client),
            self._bounded,
            settings,
        )
        alerts = Alerts(self.l01, settings)
        job = self.jobs.define(ExperimentJob(self.l01, means, alerts).carry, "experiment")
        experiments = Experiments(self.l01, lambda: context.client(L02Client), job)
        rules = Rules(self.l01, self.local_client, alerts)
        self._following = Following(self.l01, rules, experiments, alerts)
        self.sections = routes(Evaluations(means), rules, Filling(self.l01), experiments, Trends(self.l01))

    def follows(self) -> Mapping[str, Work]:
        """What follows the log for rules and alerts."""
        return {"rules and alerts": self._following.run}

    async def close(self) -> None:
        """Ends the child that looks for patterns."""
        await self._bounded.close()

    def local_client(self) -> L06Client:
        """`L06Client` on the services of this process."""
        return L06Client(backend=self.local_backend())
