"""Durable work of the layers above: a function of theirs, carried as a run that no other worker takes.

    jobs = Jobs("L05", context)
    carry = jobs.define(carry_plan)
    run = await carry.begin({"plan_id": plan_id}, goal_id=goal_id)

The function is as that of `@agentic.agent`: it gets a context, what it does by it is a step, and it begins again from its first line
after a crash, with the steps that it has. So plans, experiments and improvements need no journal, no lease and no recovery of their own,
and are seen, paused, resumed and cancelled as any run. See `docs/decisions/0027`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from agentic.layers.base.app import LayerApp
from agentic.layers.base.backends import LocalBackend
from agentic.layers.base.background import Work
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.layer import Check, Context, Health, Layer, health_of
from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L02_agent_runtime.context_of_run import ChildRun, RunContext
from agentic.layers.L02_agent_runtime.crew import Crew
from agentic.layers.L02_agent_runtime.errors import AgentCodeError, ToolCallError
from agentic.layers.L02_agent_runtime.functions import register
from agentic.layers.L02_agent_runtime.settings import L02Settings
from agentic.layers.L02_agent_runtime.subagents import CARRIED_BY
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L04_model_gateway.client import L04Client

__all__ = ["AgentCodeError", "ChildRun", "Job", "JobLayer", "Jobs", "RunContext", "ToolCallError"]

JobCode = Callable[[RunContext, Any], Awaitable[Any]]
MOST_STEPS: Final = 1_000_000


class Job:
    """A function whose runs are carried here."""

    def __init__(self, reference: str, carried_by: str, l01: Callable[[], L01Client]) -> None:
        self.reference = reference
        self._carried_by = carried_by
        self._l01 = l01

    async def begin(
        self,
        value: Any,
        *,
        configuration: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Run:
        """A new run of it. `configuration` may name `tools`, `limits`; fields are those of a run, such as `goal_id`."""
        return await self._l01().runs.create(
            input=value,
            configuration=self._configuration(configuration or {}),
            idempotency_key=idempotency_key,
            **fields,
        )

    async def child(
        self,
        ctx: RunContext,
        name: str,
        value: Any,
        configuration: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> ChildRun:
        """A run of it below that of another job, which waits for its end. `task_id`, `goal_id`; the step has the name."""
        return await ctx.child_job(name, value, self._configuration(configuration or {}), **fields)

    def _configuration(self, more: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **more,
            "limits": {"steps": MOST_STEPS, **more.get("limits", {})},
            "function": self.reference,
            CARRIED_BY: self._carried_by,
        }


class Jobs:
    """The jobs of one layer, and the worker that carries them while the layer runs."""

    def __init__(self, name: str, context: Context, settings: L02Settings | None = None) -> None:
        self._name = name
        self._context = context
        self._settings = settings or L02Settings()
        self._crew: Crew | None = None

    def define(self, function: JobCode, name: str | None = None) -> Job:
        """Makes a function a job. A method of the layer's objects will do: it is known by its name within the layer."""
        reference = f"{self._name}:{name or function.__name__}"
        register(reference, function)
        return Job(reference, self._name, self._l01)

    @property
    def crew(self) -> Crew:
        """The worker, with the clients of the layers below. It is made when it is first needed: then they are there."""
        if self._crew is None:
            clients = self._context.client
            self._crew = Crew(
                clients(L01Client),
                clients(L03Client),
                clients(L04Client),
                self._settings,
                carried_by=self._name,
            )
        return self._crew

    def works(self) -> Mapping[str, Work]:
        """What the layer runs in the background for it."""
        return self.crew.works if self._settings.carries else {"news": self.crew.news.follow}

    def stop(self) -> None:
        """Takes no more jobs: for `Layer.stopping`."""
        self.crew.stop()

    async def drain(self) -> None:
        """Gives back what is not done: for the end of `Layer.lifespan`."""
        await self.crew.drain()

    def _l01(self) -> L01Client:
        return self._context.client(L01Client)


class JobLayer(Layer):
    """A layer whose durable work is jobs: its `sections` are served, its worker runs while it does, its health is told."""

    sections: Mapping[str, list[Route]]
    """What it answers, by the headings of its documentation; the subclass sets them."""

    def __init__(self, context: Context, jobs: Jobs | None = None) -> None:
        super().__init__(context)
        self.jobs = jobs or Jobs(self.id, context)

    def build(self) -> LayerApp:
        """The sections."""
        app = LayerApp(self.title)
        for section, served in self.sections.items():
            app.serve(served, section)
        return app

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """At the end, gives back what is carried."""
        try:
            yield
        finally:
            await self.jobs.drain()
            await self.close()

    async def close(self) -> None:
        """Lets go of what else the layer holds."""

    def follows(self) -> Mapping[str, Work]:
        """What else runs in the background, by name."""
        return {}

    def background(self) -> Mapping[str, Work]:
        """What carries the jobs, and what else there is."""
        return {**self.jobs.works(), **self.follows()}

    def stopping(self) -> None:
        """Takes no more jobs."""
        self.jobs.stop()

    def local_backend(self) -> LocalBackend:
        """Calls what the sections answer, in this process."""
        return LocalBackend(route for served in self.sections.values() for route in served)

    async def health(self) -> Health:
        """The data layer is needed. Background work that fails is tried again, and meanwhile what it does is late."""
        checks: dict[str, Check] = {}
        try:
            await self.l01().events.head()
            checks["data layer"] = {"status": "ok", "detail": "answers"}
        except PlatformError as error:
            checks["data layer"] = {"status": "down", "detail": error.detail}
        for name in self.background():
            failure = self.background_state.failures.get(name)
            checks[name] = {"status": "degraded" if failure else "ok", "detail": failure or "at work"}
        return health_of(self.id, checks)

    def l01(self) -> L01Client:
        """The data layer."""
        return self.context.client(L01Client)
