"""L07: a change of an agent that was looked for, tried and proven, or not; and what became of it."""

from __future__ import annotations

from typing import Annotated, Any

from typing_extensions import TypedDict

from agentic.layers.base import states
from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Changes,
    Count,
    Id,
    JsonObject,
    Kind,
    Name,
    Text,
    Wanted,
)
from agentic.layers.L01_data_layer.models.resource import (
    NO_DELETE,
    Lifecycle,
    ListQuery,
    Resource,
    state_of,
)


class ImprovementCreate(Body):
    """A new search for a change. `before` is what the agent's configuration says, at `base_version`, where it may change."""

    agent_id: Id | None = None
    run_id: Id | None = None
    title: Name
    method: Kind
    asked: JsonObject = {}
    base_version: Count
    before: JsonObject = {}


class ImprovementUpdate(Changes):
    """What becomes of it. `reason` says why it stopped; `promoted_version` is the agent's, with the change."""

    status: Annotated[Kind, state_of(states.IMPROVEMENT)] = ""
    proposal: JsonObject | None = None
    numbers: JsonObject = {}
    reason: Text | None = None
    promoted_version: Count | None = None
    decided_by: Name | None = None


class ImprovementQuery(ListQuery):
    """Filters of the list of improvements."""

    agent_id: Id | None = None
    run_id: Id | None = None
    status: Wanted | None = None


class Improvement(TypedDict):
    """An improvement as stored. `proposal` is what `before` would become."""

    id: str
    agent_id: str | None
    run_id: str | None
    title: str
    method: str
    asked: dict[str, Any]
    base_version: int
    before: dict[str, Any]
    status: str
    proposal: dict[str, Any] | None
    numbers: dict[str, Any]
    reason: str | None
    promoted_version: int | None
    decided_by: str | None
    promoted_at: str | None
    rolled_back_at: str | None
    created_at: str
    updated_at: str
    version: int


IMPROVEMENTS = Resource(
    "improvement",
    "/improvements",
    ImprovementCreate,
    ImprovementQuery,
    Improvement,
    ImprovementUpdate,
    Lifecycle(states.IMPROVEMENT, {"promoted": "promoted_at", "rolled_back": "rolled_back_at"}),
    verbs=NO_DELETE,
)
