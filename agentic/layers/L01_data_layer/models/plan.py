"""L05: a plan."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base import states
from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Changes,
    Count,
    Id,
    Int,
    JsonArray,
    JsonObject,
    Kind,
    Prose,
    Wanted,
)
from agentic.layers.L01_data_layer.models.resource import NO_DELETE, Lifecycle, ListQuery, Resource, state_of

MOST_TASKS: Final = 100_000


class PlanCreate(Body):
    """A new plan."""

    goal_id: Id | None = None
    agent_id: Id | None = None
    plan_type: Kind = "sequential"
    steps: JsonArray
    options: JsonObject = {}


class PlanUpdate(Changes):
    """What may change in a plan."""

    plan_type: Kind = ""
    steps: JsonArray = []
    status: Annotated[Kind, state_of(states.PLAN)] = ""
    current_step: Count = 0
    options: JsonObject = {}
    run_id: Id | None = None
    error: JsonObject | None = None


class TaskRevision(Body):
    """How a task is done from now on, if it has not begun."""

    id: Id
    description: Prose
    task_type: Kind | None = None
    input_data: JsonObject


class TaskAddition(Body):
    """A step that a plan gets while it is carried out."""

    step_id: Kind
    sequence_order: Int
    description: Prose
    task_type: Kind | None = None
    input_data: JsonObject


class PlanRevision(Body):
    """Another form of a plan, and what becomes of its tasks: changed and taken out are such as have not begun."""

    plan_type: Kind | None = None
    steps: JsonArray
    options: JsonObject | None = None
    changed: Annotated[list[TaskRevision], Field(max_length=MOST_TASKS)] = []
    removed: Annotated[list[Id], Field(max_length=MOST_TASKS)] = []
    added: Annotated[list[TaskAddition], Field(max_length=MOST_TASKS)] = []


class PlanQuery(ListQuery):
    """Filters of the list of plans."""

    goal_id: Id | None = None
    agent_id: Id | None = None
    status: Wanted | None = None
    plan_type: Wanted | None = None
    run_id: Id | None = None


class Plan(TypedDict):
    """A plan as stored. `current_step` is how many of its tasks are over, `run_id` the run that carries it."""

    id: str
    goal_id: str | None
    agent_id: str | None
    plan_type: str
    steps: list[Any]
    status: str
    current_step: int
    created_at: str
    updated_at: str
    options: dict[str, Any]
    run_id: str | None
    error: dict[str, Any] | None
    version: int


PLANS = Resource(
    "plan",
    "/plans",
    PlanCreate,
    PlanQuery,
    Plan,
    PlanUpdate,
    Lifecycle(states.PLAN, stamps={}),
    verbs=NO_DELETE,
)
REVISE_PLAN = Operation(
    "plan.revise", "POST", "/plans/{id}/revise", body=PlanRevision, result=Plan, conditional=True
)
