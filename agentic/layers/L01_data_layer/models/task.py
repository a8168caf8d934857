"""L05: a task of a plan."""

from __future__ import annotations

from typing import Annotated, Any

from typing_extensions import TypedDict

from agentic.layers.base import states
from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Changes,
    Id,
    Int,
    Json,
    JsonObject,
    Kind,
    Prose,
    Wanted,
)
from agentic.layers.L01_data_layer.models.resource import NO_DELETE, Lifecycle, ListQuery, Resource, state_of


class TaskCreate(Body):
    """A new task. `step_id` is the step of the plan that it is; there is one task for each."""

    plan_id: Id | None = None
    agent_id: Id | None = None
    description: Prose
    task_type: Kind | None = None
    input_data: JsonObject = {}
    sequence_order: Int = 0
    step_id: Kind | None = None


class TaskUpdate(Changes):
    """What may change in a task."""

    agent_id: Id | None = None
    description: Prose = ""
    task_type: Kind | None = None
    input_data: JsonObject = {}
    output_data: Json = None
    status: Annotated[Kind, state_of(states.TASK)] = ""
    sequence_order: Int = 0
    error: JsonObject | None = None


class TaskQuery(ListQuery):
    """Filters of the list of tasks."""

    plan_id: Id | None = None
    agent_id: Id | None = None
    status: Wanted | None = None
    task_type: Wanted | None = None


class Task(TypedDict):
    """A task as stored."""

    id: str
    plan_id: str | None
    agent_id: str | None
    description: str
    task_type: str | None
    input_data: dict[str, Any]
    output_data: Any
    status: str
    sequence_order: int
    created_at: str
    started_at: str | None
    completed_at: str | None
    step_id: str | None
    error: dict[str, Any] | None
    version: int


TASKS = Resource(
    "task",
    "/tasks",
    TaskCreate,
    TaskQuery,
    Task,
    TaskUpdate,
    Lifecycle(
        states.TASK,
        {"running": "started_at", **dict.fromkeys(states.final_states(states.TASK), "completed_at")},
    ),
    verbs=NO_DELETE,
)
