"""One example for each resource: what makes it, what changes it, what finds it and what does not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.collection import Collection
from agentic.layers.L01_data_layer.models.access import API_KEYS
from agentic.layers.L01_data_layer.models.agent import AGENTS
from agentic.layers.L01_data_layer.models.approval import APPROVALS
from agentic.layers.L01_data_layer.models.budget import BUDGETS
from agentic.layers.L01_data_layer.models.dataset import DATASETS
from agentic.layers.L01_data_layer.models.document import DOCUMENTS
from agentic.layers.L01_data_layer.models.evaluation import EVALUATIONS
from agentic.layers.L01_data_layer.models.experiment import EXPERIMENT_RESULTS, EXPERIMENTS
from agentic.layers.L01_data_layer.models.export import EXPORTS
from agentic.layers.L01_data_layer.models.feedback import FEEDBACK
from agentic.layers.L01_data_layer.models.goal import GOALS
from agentic.layers.L01_data_layer.models.improvement import IMPROVEMENTS
from agentic.layers.L01_data_layer.models.model_usage import MODEL_USAGE
from agentic.layers.L01_data_layer.models.plan import PLANS
from agentic.layers.L01_data_layer.models.resource import Resource
from agentic.layers.L01_data_layer.models.run import RUNS
from agentic.layers.L01_data_layer.models.schedule import SCHEDULES
from agentic.layers.L01_data_layer.models.session import SESSIONS
from agentic.layers.L01_data_layer.models.subscription import HOOKS, SUBSCRIPTIONS
from agentic.layers.L01_data_layer.models.task import TASKS
from agentic.layers.L01_data_layer.models.tool import TOOL_EXECUTIONS, TOOLS

JSON: dict[str, Any] = {
    "none": None,
    "nested": [[{"ü": "\u2028 \U0001f600"}]],
    "big": 2**70,
    "small": 1e-300,
    "yes": True,
}


@dataclass(frozen=True)
class Example:
    """A record of a resource. `fields` may name records that it refers to, which are made first."""

    resource: Resource[Any]
    collection: Callable[[L01Client], Collection[Any]]
    fields: dict[str, Any]
    changes: dict[str, Any] = field(default_factory=dict[str, Any])
    found_by: dict[str, Any] = field(default_factory=dict[str, Any])
    not_found_by: dict[str, Any] = field(default_factory=dict[str, Any])
    references: Mapping[str, Callable[[L01Client], Awaitable[Any]]] = field(default_factory=dict[str, Any])

    async def body(self, l01: L01Client) -> dict[str, Any]:
        """What makes the record, with the ids of what it refers to."""
        return {**self.fields, **{name: (await make(l01))["id"] for name, make in self.references.items()}}


def _agent(l01: L01Client) -> Awaitable[Any]:
    return l01.create_agent("referred to")


def _run(l01: L01Client) -> Awaitable[Any]:
    return l01.runs.create()


def _tool(l01: L01Client) -> Awaitable[Any]:
    return l01.register_tool(f"referred to {uuid4()}", {})


def _goal(l01: L01Client) -> Awaitable[Any]:
    return l01.create_goal(None, "referred to")


def _task(l01: L01Client) -> Awaitable[Any]:
    return l01.create_task(None, None, "referred to")


def _dataset(l01: L01Client) -> Awaitable[Any]:
    return l01.datasets.create(name=f"referred to {uuid4()}")


async def _item(l01: L01Client) -> Any:
    dataset = await _dataset(l01)
    await l01.datasets.add(dataset["id"], [{"input": "x"}])
    return (await l01.dataset_items.list(dataset_id=dataset["id"]))["items"][0]


async def _experiment(l01: L01Client) -> Any:
    dataset, agent = await _dataset(l01), await _agent(l01)
    return await l01.experiments.create(
        name="referred to", dataset_id=dataset["id"], dataset_revision=0, agent_id=agent["id"]
    )


EXAMPLES = [
    Example(
        AGENTS,
        lambda l01: l01.agents,
        {"name": "a", "agent_type": "research", "did": "did:x:1", "configuration": JSON, "metadata": JSON},
        {"name": "b", "status": "active", "configuration": {}, "resource_limits": JSON},
        {"status": "active", "agent_type": "research", "name": "b"},
        {"status": "created"},
    ),
    Example(
        TOOLS,
        lambda l01: l01.tools,
        {"name": "t", "schema_def": JSON, "description": "d", "tool_type": "http", "permissions": JSON},
        {"description": None, "enabled": False},
        {"enabled": False, "name": "t", "tool_type": "http"},
        {"enabled": True},
    ),
    Example(
        TOOL_EXECUTIONS,
        lambda l01: l01.tool_executions,
        {"input_params": JSON, "status": "running"},
        {"status": "error", "error_message": "no", "output_result": [JSON]},
        {"status": "error"},
        {"status": "success"},
        {"agent_id": _agent, "tool_id": _tool},
    ),
    Example(
        MODEL_USAGE,
        lambda l01: l01.model_usage,
        {
            "model_provider": "p",
            "model_name": "m",
            "input_tokens": 1,
            "latency_ms": 20,
            "cost_estimate": 0.000123,
            "key_id": "k",
            "status": "failed",
            "cached_tokens": 1,
            "reasoning_tokens": 2,
            "ttft_ms": 3,
            "step": 4,
            "error": JSON,
        },
        found_by={"model_provider": "p", "model_name": "m", "key_id": "k", "status": "failed"},
        not_found_by={"model_name": "n", "status": "completed"},
        references={"agent_id": _agent, "run_id": _run, "goal_id": _goal},
    ),
    Example(
        RUNS,
        lambda l01: l01.runs,
        {
            "input": JSON,
            "configuration": JSON,
            "priority": 9,
            "due_at": "2126-11-22T12:00:00.000000Z",
        },
        found_by={"status": "queued"},
        not_found_by={"status": "running"},
        references={
            "agent_id": _agent,
            "session_id": lambda l01: l01.sessions.create(),
            "parent_run_id": _run,
            "goal_id": _goal,
        },
    ),
    Example(
        APPROVALS,
        lambda l01: l01.approvals,
        {"title": "May it?", "request": JSON, "expires_at": "2126-11-22T12:00:00.000000Z"},
        found_by={"status": "pending"},
        not_found_by={"status": "approved"},
        references={"agent_id": _agent, "run_id": _run},
    ),
    Example(
        BUDGETS,
        lambda l01: l01.budgets,
        {"scope": "model", "subject": "m", "period": "day", "max_tokens": 2**40, "max_cost": 0.000123},
        {"max_tokens": None, "max_cost": 1_000_000.5, "enabled": False},
        {"scope": "model", "subject": "m", "enabled": False},
        {"scope": "key", "enabled": True},
    ),
    Example(
        SCHEDULES,
        lambda l01: l01.schedules,
        {"name": "s", "at": "2126-11-22T12:00:00.000000Z", "timezone": "Europe/Berlin", "input": JSON},
        {"name": "t", "input": None, "timezone": "UTC"},
        {"enabled": True},
        {"enabled": False},
        {"agent_id": _agent},
    ),
    Example(
        GOALS,
        lambda l01: l01.goals,
        {"description": "g", "success_criteria": [JSON], "priority": 1},
        {"status": "active", "priority": 9, "description": "h"},
        {"status": "active"},
        {"status": "pending"},
        {"agent_id": _agent, "parent_goal_id": lambda l01: l01.create_goal(None, "referred to")},
    ),
    Example(
        PLANS,
        lambda l01: l01.plans,
        {"steps": [JSON], "plan_type": "parallel"},
        {"status": "approved", "steps": [], "current_step": 3},
        {"status": "approved"},
        {"status": "draft"},
        {"agent_id": _agent, "goal_id": lambda l01: l01.create_goal(None, "referred to")},
    ),
    Example(
        TASKS,
        lambda l01: l01.tasks,
        {"description": "t", "task_type": "work", "input_data": JSON, "sequence_order": -1},
        {"status": "running", "output_data": JSON},
        {"status": "running"},
        {"status": "pending"},
        {"agent_id": _agent, "plan_id": lambda l01: l01.create_plan(None, None, [])},
    ),
    Example(
        EVALUATIONS,
        lambda l01: l01.evaluations,
        {
            "evaluation_type": "quality",
            "score": 0.8512,
            "metrics": JSON,
            "feedback": "f",
            "evaluator": "judge",
            "evaluator_version": "abc",
            "origin": "rule r run 1",
        },
        found_by={"evaluation_type": "quality", "evaluator": "judge", "origin": "rule r run 1"},
        not_found_by={"evaluation_type": "speed", "evaluator": "exact", "origin": "rule r run 2"},
        references={"agent_id": _agent, "task_id": _task, "run_id": _run, "experiment_id": _experiment},
    ),
    Example(
        DATASETS,
        lambda l01: l01.datasets,
        {"name": "d", "description": "what for", "evaluators": [JSON], "metadata": JSON},
        {"name": "e", "description": None, "evaluators": []},
        {"name": "e"},
        {"name": "d"},
    ),
    Example(
        EXPERIMENTS,
        lambda l01: l01.experiments,
        {
            "name": "x",
            "dataset_revision": 3,
            "split": "test",
            "configuration": JSON,
            "baseline_configuration": JSON,
            "repeats": 2,
            "evaluators": [JSON],
            "options": JSON,
        },
        {"status": "running", "summary": JSON, "error": JSON},
        {"name": "x", "status": "running"},
        {"name": "y", "status": "pending"},
        {"dataset_id": _dataset, "agent_id": _agent, "baseline_agent_id": _agent, "goal_id": _goal},
    ),
    Example(
        EXPERIMENT_RESULTS,
        lambda l01: l01.experiment_results,
        {
            "arm": "subject",
            "repeat": 0,
            "fingerprint": "0" * 64,
            "output": JSON,
            "error": JSON,
            "score": 0.25,
            "scores": JSON,
            "cost": 0.000123,
            "latency_ms": 4,
            "reused": True,
        },
        found_by={"fingerprint": "0" * 64},
        not_found_by={"fingerprint": "1" * 64},
        references={"experiment_id": _experiment, "item_id": _item, "run_id": _run},
    ),
    Example(
        FEEDBACK,
        lambda l01: l01.feedback,
        {
            "feedback_type": "human",
            "rating": -3,
            "content": "c",
            "metadata": JSON,
            "step": 2,
            "source": "chat",
            "author": "somebody",
            "correction": JSON,
        },
        {"processed": True, "metadata": {}, "handled": JSON},
        {"processed": True, "feedback_type": "human", "source": "chat"},
        {"processed": False},
        {"agent_id": _agent, "task_id": _task, "run_id": _run, "better_than": _run},
    ),
    Example(
        IMPROVEMENTS,
        lambda l01: l01.improvements,
        {"title": "i", "method": "reflect", "asked": JSON, "base_version": 3, "before": JSON},
        {"status": "ready", "proposal": JSON, "numbers": JSON, "reason": "better"},
        {"status": "ready"},
        {"status": "running"},
        {"agent_id": _agent, "run_id": _run},
    ),
    Example(
        EXPORTS,
        lambda l01: l01.exports,
        {"name": "e", "kind": "sft", "file_format": "jsonl", "asked": JSON},
        {"status": "failed", "result": JSON, "reason": "full"},
        {"status": "failed", "kind": "sft"},
        {"kind": "dpo"},
        {"run_id": _run},
    ),
    Example(
        DOCUMENTS,
        lambda l01: l01.documents,
        {"title": "d", "content": "c", "content_type": "text/markdown", "tags": ["x", "ü"], "metadata": JSON},
        {"title": "e", "content": None, "tags": ["y"], "authority": 7},
        {"tag": "y", "content_type": "text/markdown", "min_authority": 7, "superseded": False},
        {"tag": "x"},
    ),
    Example(
        SESSIONS,
        lambda l01: l01.sessions,
        {"session_type": "batch", "context": JSON, "checkpoint": [None]},
        {"status": "paused", "checkpoint": None},
        {"status": "paused", "session_type": "batch"},
        {"status": "active"},
        {"agent_id": _agent},
    ),
    Example(
        API_KEYS,
        lambda l01: l01.keys,
        {"name": "k", "prefix": "ak_", "key_hash": "0f" * 32, "scopes": ["read", "write"]},
        {"name": "l", "revoked_at": "2026-11-22T12:00:00.000000Z"},
        {"name": "l", "key_hash": "0f" * 32},
        {"name": "k"},
    ),
    Example(
        SUBSCRIPTIONS,
        lambda l01: l01.subscriptions,
        {
            "name": "a.b",
            "kind": "webhook",
            "event_type": "agent.*",
            "filter": JSON,
            "target": JSON,
            "form": "cloudevent",
        },
        {"enabled": False, "reason": "It is gone.", "filter": {}, "generation": 2},
        {"name": "a.b", "kind": "webhook", "enabled": False},
        {"enabled": True},
    ),
    Example(
        HOOKS,
        lambda l01: l01.hooks,
        {"name": "h", "event_type": "push.received", "scheme": "github"},
        {"enabled": False, "event_type": "hook.received"},
        {"name": "h"},
        {"name": "i"},
    ),
]
