"""L05: a plan."""

from __future__ import annotations

from typing import Annotated, Any

from typing_extensions import TypedDict

from agentic.layers.base import states
from agentic.layers.L01_data_layer.models.fields import Body, Changes, Count, Id, JsonArray, Kind, Wanted
from agentic.layers.L01_data_layer.models.resource import NO_DELETE, Lifecycle, ListQuery, Resource, state_of


class PlanCreate(Body):
    """A new plan."""

    goal_id: Id | None = None
    agent_id: Id | None = None
    plan_type: Kind = "sequential"
    steps: JsonArray


class PlanUpdate(Changes):
    """What may change in a plan."""

    plan_type: Kind = ""
    steps: JsonArray = []
    status: Annotated[Kind, state_of(states.PLAN)] = ""
    current_step: Count = 0


class PlanQuery(ListQuery):
    """Filters of the list of plans."""

    goal_id: Id | None = None
    agent_id: Id | None = None
    status: Wanted | None = None
    plan_type: Wanted | None = None


class Plan(TypedDict):
    """A plan as stored."""

    id: str
    goal_id: str | None
    agent_id: str | None
    plan_type: str
    steps: list[Any]
    status: str
    current_step: int
    created_at: str
    updated_at: str
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
