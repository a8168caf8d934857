"""L05: a goal."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base import states
from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Changes,
    Id,
    JsonArray,
    JsonObject,
    Kind,
    Prose,
    Wanted,
)
from agentic.layers.L01_data_layer.models.resource import (
    NO_DELETE,
    Integer,
    Lifecycle,
    ListQuery,
    Resource,
    state_of,
)

Priority = Annotated[int, Field(ge=0, le=100)]


class GoalCreate(Body):
    """A new goal; a lower `priority` number comes first."""

    agent_id: Id | None = None
    description: Prose
    success_criteria: JsonArray = []
    priority: Priority = 5
    parent_goal_id: Id | None = None


class GoalUpdate(Changes):
    """What may change in a goal."""

    agent_id: Id | None = None
    description: Prose = ""
    success_criteria: JsonArray = []
    status: Annotated[Kind, state_of(states.GOAL)] = ""
    priority: Priority = 5
    result: JsonObject | None = None


class GoalQuery(ListQuery):
    """Filters of the list of goals."""

    agent_id: Id | None = None
    status: Wanted | None = None
    priority: Integer | None = None
    parent_goal_id: Id | None = None


class Goal(TypedDict):
    """A goal as stored. `result` is what came of it: outputs, and how its criteria were met."""

    id: str
    agent_id: str | None
    description: str
    success_criteria: list[Any]
    status: str
    priority: int
    parent_goal_id: str | None
    created_at: str
    updated_at: str
    completed_at: str | None
    result: dict[str, Any] | None
    version: int


GOALS = Resource(
    "goal",
    "/goals",
    GoalCreate,
    GoalQuery,
    Goal,
    GoalUpdate,
    Lifecycle(states.GOAL, {"completed": "completed_at"}),
    verbs=NO_DELETE,
)
