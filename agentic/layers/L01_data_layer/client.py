"""`L01Client`: the data layer for Python, a call when it lives in this process and HTTP when it does not.

    async with L01Client() as l01:
        agent = await l01.create_agent("researcher", "general", {"model": "llama3"})
        page = await l01.agents.list(status="created")

Every method of the specification is here with its signature; under them are typed collections, one for each resource,
with every verb, filter and option. What comes back is a plain JSON-ready `dict`, the same on both backends; what is
raised is the class that the service raised.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Self, cast
from uuid import UUID

from agentic.layers.base import jsonio
from agentic.layers.base.api_keys import KeyRecord, KeySource
from agentic.layers.base.operation import Answer, Call, Operation
from agentic.layers.L01_data_layer.backends.backend import Backend, FeedEvent
from agentic.layers.L01_data_layer.backends.http import HttpBackend
from agentic.layers.L01_data_layer.checking import report_of
from agentic.layers.L01_data_layer.collection import Collection, Cursors, Events, Leases, Readable, given
from agentic.layers.L01_data_layer.following import keep_up
from agentic.layers.L01_data_layer.integration_collections import Deliveries, SigningSecrets, Streams
from agentic.layers.L01_data_layer.models.access import API_KEYS
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L01_data_layer.models.check import CHECK, CheckPage, CheckReport
from agentic.layers.L01_data_layer.models.config import Config
from agentic.layers.L01_data_layer.models.dataset import DATASET_ITEMS
from agentic.layers.L01_data_layer.models.evaluation import EVALUATIONS, Evaluation
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L01_data_layer.models.experiment import EXPERIMENT_RESULTS, EXPERIMENTS
from agentic.layers.L01_data_layer.models.export import EXPORTS
from agentic.layers.L01_data_layer.models.feedback import FEEDBACK, UNPROCESSED_FEEDBACK, Feedback
from agentic.layers.L01_data_layer.models.goal import GOALS, Goal
from agentic.layers.L01_data_layer.models.improvement import IMPROVEMENTS
from agentic.layers.L01_data_layer.models.lineage import LINEAGE, Lineage, LineageKind
from agentic.layers.L01_data_layer.models.model_usage import MODEL_USAGE, ModelUsage
from agentic.layers.L01_data_layer.models.plan import PLANS, Plan
from agentic.layers.L01_data_layer.models.run_step import RUN_STEPS
from agentic.layers.L01_data_layer.models.statistics import (
    AGENT_STATS,
    SCORE_STATS,
    TOOL_STATS,
    USAGE_STATS,
    AgentStats,
    ScoreStats,
    ToolStats,
    UsageStats,
)
from agentic.layers.L01_data_layer.models.subscription import HOOKS, SUBSCRIPTIONS
from agentic.layers.L01_data_layer.models.task import TASKS, Task
from agentic.layers.L01_data_layer.models.tool import TOOLS, Tool, ToolExecution
from agentic.layers.L01_data_layer.run_collections import (
    Approvals,
    Budgets,
    Runs,
    Schedules,
    ToolExecutions,
)
from agentic.layers.L01_data_layer.special_collections import (
    Agents,
    Configuration,
    Datasets,
    Documents,
    Sessions,
)
from agentic.layers.L01_data_layer.usage_collection import Usage

DEFAULT_URL = "http://localhost:8002"
URL_VARIABLE = "PLATFORM_L01_URL"
KEY_VARIABLE = "PLATFORM_L01_KEY"

Ref = str | UUID

_here: list[Backend] = []


def live_here(backend: Backend) -> None:
    """Makes bare clients of this process call `backend`: the data layer has started here."""
    _here.append(backend)


def gone_from_here(backend: Backend) -> None:
    """Undoes `live_here`."""
    _here.remove(backend)


def _default_backend() -> Backend:
    if _here:
        return _here[-1]
    key = os.environ.get(KEY_VARIABLE)
    return HttpBackend(os.environ.get(URL_VARIABLE, DEFAULT_URL), {"x-api-key": key} if key else None)


class L01Client:
    """The data layer. A bare `L01Client()` is local where the layer runs in this process.

    Elsewhere it goes to the address in `PLATFORM_L01_URL`, if there is one, with the key in `PLATFORM_L01_KEY`.
    """

    def __init__(self, base_url: str = DEFAULT_URL, *, backend: Backend | None = None) -> None:
        self.base_url = base_url
        if backend is None:
            backend = _default_backend() if base_url == DEFAULT_URL else HttpBackend(base_url)
        self.backend = backend
        self.agents = Agents(backend)
        self.tools = Collection(backend, TOOLS)
        self.tool_executions = ToolExecutions(backend)
        self.model_usage = Collection(backend, MODEL_USAGE)
        self.usage = Usage(backend)
        self.budgets = Budgets(backend)
        self.runs = Runs(backend)
        self.run_steps = Readable(backend, RUN_STEPS)
        self.approvals = Approvals(backend)
        self.schedules = Schedules(backend)
        self.goals = Collection(backend, GOALS)
        self.plans = Collection(backend, PLANS)
        self.tasks = Collection(backend, TASKS)
        self.evaluations = Collection(backend, EVALUATIONS)
        self.feedback = Collection(backend, FEEDBACK)
        self.datasets = Datasets(backend)
        self.dataset_items = Readable(backend, DATASET_ITEMS)
        self.experiments = Collection(backend, EXPERIMENTS)
        self.experiment_results = Collection(backend, EXPERIMENT_RESULTS)
        self.improvements = Collection(backend, IMPROVEMENTS)
        self.exports = Collection(backend, EXPORTS)
        self.config = Configuration(backend)
        self.documents = Documents(backend)
        self.sessions = Sessions(backend)
        self.keys = Collection(backend, API_KEYS)
        self.events = Events(backend)
        self.cursors = Cursors(backend)
        self.leases = Leases(backend)
        self.subscriptions = Collection(backend, SUBSCRIPTIONS)
        self.hooks = Collection(backend, HOOKS)
        self.deliveries = Deliveries(backend)
        self.signing_secrets = SigningSecrets(backend)
        self.streams = Streams(backend)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Lets go of what the client holds."""
        await self.backend.close()

    # -- agents

    async def create_agent(
        self, name: str, agent_type: str = "general", config: Mapping[str, Any] | None = None
    ) -> Agent:
        """Creates an agent with a configuration."""
        return await self.agents.create(name=name, agent_type=agent_type, configuration=dict(config or {}))

    async def get_agent(self, agent_id: Ref) -> Agent:
        """One agent."""
        return await self.agents.get(agent_id)

    async def list_agents(self, status: str | None = None, limit: int = 100) -> list[Agent]:
        """The newest agents, of one status or any."""
        return (await self.agents.list(status=status, limit=limit))["items"]

    async def update_agent(self, agent_id: Ref, updates: Mapping[str, Any]) -> Agent:
        """Changes the fields that `updates` names."""
        return await self.agents.update(agent_id, updates)

    async def delete_agent(self, agent_id: Ref) -> bool:
        """Deletes an agent to which nothing refers. True: it was there."""
        return await self.agents.delete(agent_id)

    # -- events

    async def publish_event(
        self, event_type: str, aggregate_type: str, aggregate_id: Ref, payload: Any
    ) -> Event:
        """Appends a fact; it goes out on `l01:events`."""
        return await self.events.append(event_type, aggregate_type, aggregate_id, payload)

    async def query_events(
        self, aggregate_id: Ref | None = None, event_type: str | None = None, limit: int = 100
    ) -> list[Event]:
        """The newest events, of one aggregate, one type or pattern, or all."""
        page = await self.events.list(aggregate_id=aggregate_id, event_type=event_type, limit=limit)
        return page["items"]

    # -- tools

    async def register_tool(
        self, name: str, schema_def: Mapping[str, Any], description: str | None = None
    ) -> Tool:
        """Registers a tool under a name of its own."""
        return await self.tools.create(name=name, schema_def=dict(schema_def), description=description)

    async def get_tool(self, tool_id: Ref) -> Tool:
        """One tool."""
        return await self.tools.get(tool_id)

    async def list_tools(self) -> list[Tool]:
        """All tools."""
        return [tool async for tool in self.tools.all()]

    async def record_tool_execution(
        self,
        tool_id: Ref | None,
        agent_id: Ref | None,
        input_params: Any = None,
        output_result: Any = None,
        status: str = "success",
    ) -> ToolExecution:
        """Records an execution that happened."""
        return await self.tool_executions.create(
            tool_id=tool_id,
            agent_id=agent_id,
            input_params=input_params,
            output_result=output_result,
            status=status,
        )

    # -- goals, plans, tasks

    async def create_goal(
        self, agent_id: Ref | None, description: str, success_criteria: list[Any] | None = None
    ) -> Goal:
        """Creates a goal of an agent."""
        return await self.goals.create(
            agent_id=agent_id, description=description, success_criteria=success_criteria or []
        )

    async def get_goal(self, goal_id: Ref) -> Goal:
        """One goal."""
        return await self.goals.get(goal_id)

    async def update_goal(self, goal_id: Ref, updates: Mapping[str, Any]) -> Goal:
        """Changes the fields that `updates` names."""
        return await self.goals.update(goal_id, updates)

    async def create_plan(self, goal_id: Ref | None, agent_id: Ref | None, steps: list[Any]) -> Plan:
        """Creates a plan for a goal."""
        return await self.plans.create(goal_id=goal_id, agent_id=agent_id, steps=steps)

    async def get_plan(self, plan_id: Ref) -> Plan:
        """One plan."""
        return await self.plans.get(plan_id)

    async def update_plan(self, plan_id: Ref, updates: Mapping[str, Any]) -> Plan:
        """Changes the fields that `updates` names."""
        return await self.plans.update(plan_id, updates)

    async def create_task(
        self, plan_id: Ref | None, agent_id: Ref | None, description: str, task_type: str | None = None
    ) -> Task:
        """Creates a task of a plan."""
        return await self.tasks.create(
            plan_id=plan_id, agent_id=agent_id, description=description, task_type=task_type
        )

    async def update_task(self, task_id: Ref, updates: Mapping[str, Any]) -> Task:
        """Changes the fields that `updates` names."""
        return await self.tasks.update(task_id, updates)

    # -- evaluations, feedback

    async def record_evaluation(
        self,
        agent_id: Ref | None,
        task_id: Ref | None,
        evaluation_type: str,
        score: float | None = None,
        metrics: Mapping[str, Any] | None = None,
    ) -> Evaluation:
        """Records a judgement; `score` is in [0, 1]."""
        return await self.evaluations.create(
            agent_id=agent_id,
            task_id=task_id,
            evaluation_type=evaluation_type,
            score=None if score is None else float(score),
            metrics=dict(metrics or {}),
        )

    async def get_agent_stats(self, agent_id: Ref, **query: Any) -> AgentStats:
        """How an agent's scores are spread, by type too, and where they go. `evaluation_type`, `since`, `until`.

        Raises:
            NotFoundError: there is no such agent.
        """
        return await self.call(AGENT_STATS, path={"agent_id": agent_id}, query=given(query))

    async def score_stats(self, **query: Any) -> ScoreStats:
        """How scores are spread. `agent_id`, `evaluation_type`, `since`, `until`; `group_by` type, agent, day or hour; `limit`."""
        return await self.call(SCORE_STATS, query=given(query))

    async def record_feedback(
        self,
        agent_id: Ref | None,
        task_id: Ref | None,
        feedback_type: str,
        rating: int | None = None,
        content: str | None = None,
    ) -> Feedback:
        """Records feedback, not yet processed."""
        return await self.feedback.create(
            agent_id=agent_id, task_id=task_id, feedback_type=feedback_type, rating=rating, content=content
        )

    async def get_unprocessed_feedback(self, limit: int = 100) -> list[Feedback]:
        """Feedback that nobody has processed, oldest first."""
        return (await self.call(UNPROCESSED_FEEDBACK, query={"limit": limit}))["items"]

    # -- model usage

    async def record_model_usage(
        self,
        agent_id: Ref | None,
        provider: str,
        model: str,
        tokens_in: int = 0,
        tokens_out: int = 0,
        latency: int | None = None,
        cost: float | None = None,
    ) -> ModelUsage:
        """Records a model call: tokens, latency in milliseconds, cost in US dollars."""
        return await self.model_usage.create(
            agent_id=agent_id,
            model_provider=provider,
            model_name=model,
            input_tokens=tokens_in,
            output_tokens=tokens_out,
            latency_ms=latency,
            cost_estimate=None if cost is None else float(cost),
        )

    async def model_usage_stats(self, **query: Any) -> UsageStats:
        """Calls, tokens, cost and latency. `agent_id`, `since`, `until`; `group_by` model, provider, agent, day or hour."""
        return await self.call(USAGE_STATS, query=given(query))

    # -- configuration

    async def get_config(self, namespace: str, key: str) -> Config:
        """One value, as the record that holds it."""
        return await self.config.get(namespace, key)

    async def set_config(self, namespace: str, key: str, value: Any) -> Config:
        """Gives a key a value: anything that JSON has. The first time makes it."""
        return await self.config.set(namespace, key, value)

    async def tool_stats(self, recent: int = 1000) -> list[ToolStats]:
        """Every tool with what its newest executions were like."""
        return (await self.call(TOOL_STATS, query={"recent": recent}))["items"]

    # -- everything else

    async def lineage(self, kind: LineageKind, record_id: Ref, limit: int = 50) -> Lineage:
        """What led to a record, what came of it, and what was said of both: at most `limit` of each kind.

        Raises:
            NotFoundError: there is no such record.
        """
        return await self.call(LINEAGE, path={"kind": kind, "id": record_id}, query={"limit": limit})

    async def check_pages(self, limit: int = 100) -> AsyncGenerator[CheckPage]:
        """The check of the rows against the log, page by page as it goes on; `limit` differences of each are described."""
        cursor: str | None = None
        while True:
            page: CheckPage = await self.call(CHECK, query=given({"cursor": cursor, "limit": limit}))
            yield page
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def check(self, limit: int = 100) -> CheckReport:
        """Whether every row is what its events add up to, and the log is whole: counts, and the first differences."""
        return await report_of(self.check_pages(limit), limit)

    async def call(self, operation: Operation, **parts: Any) -> Any:
        """Any operation by its declaration; `parts` are those of `Call`."""
        return await self.backend.call(operation, Call(**parts))

    async def answer(self, operation: Operation, call: Call) -> Answer:
        """The answer to an operation as JSON text, with its version: for who passes it on."""
        return await self.backend.answer(operation, call)

    def follow(self, after: int | None = None, **filters: str) -> AsyncGenerator[list[FeedEvent]]:
        """Batches of live events: first what came after `after`, then what comes. Filters as those of `GET /events`."""
        return self.backend.follow(after, filters)

    async def keep_up(
        self, name: str, take: Callable[[list[FeedEvent]], Awaitable[None]], **filters: str
    ) -> None:
        """Gives every batch of live events to `take`, from a bookmark of this name that is set after each: for ever.

        The first time from now on. What was given when a process ended is given again: `take` must not mind.
        """
        await keep_up(self, name, take, filters)


def key_source(client: Callable[[], L01Client]) -> KeySource:
    """The keys to the platform's APIs, for who checks them: found by their hash, and followed."""

    async def find(key_hash: str) -> Sequence[KeyRecord]:
        return (await client().keys.list(key_hash=key_hash, limit=1))["items"]

    return KeySource(find, lambda: client().follow(event_type="api_key.*"))


def event_of(item: FeedEvent) -> Event:
    """A followed event as a `dict`."""
    return cast("Event", jsonio.decode(item.json))
