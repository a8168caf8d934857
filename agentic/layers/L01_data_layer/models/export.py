"""L07: files of examples that were made of what people and evaluators said of runs."""

from __future__ import annotations

from typing import Annotated, Any

from typing_extensions import TypedDict

from agentic.layers.base import states
from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Changes,
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


class ExportCreate(Body):
    """A new export: `kind` is what it is for (sft, dpo, kto), `file_format` how it is written, `asked` what goes in."""

    run_id: Id | None = None
    name: Name
    kind: Kind
    file_format: Kind
    asked: JsonObject = {}


class ExportUpdate(Changes):
    """What became of it: the files, and what they hold."""

    status: Annotated[Kind, state_of(states.EXPORT)] = ""
    result: JsonObject | None = None
    reason: Text | None = None


class ExportQuery(ListQuery):
    """Filters of the list of exports."""

    run_id: Id | None = None
    kind: Wanted | None = None
    status: Wanted | None = None


class Export(TypedDict):
    """An export as stored."""

    id: str
    run_id: str | None
    name: str
    kind: str
    file_format: str
    asked: dict[str, Any]
    status: str
    result: dict[str, Any] | None
    reason: str | None
    completed_at: str | None
    created_at: str
    updated_at: str
    version: int


EXPORTS = Resource(
    "export",
    "/exports",
    ExportCreate,
    ExportQuery,
    Export,
    ExportUpdate,
    Lifecycle(states.EXPORT, dict.fromkeys(("completed", "failed", "cancelled"), "completed_at")),
    verbs=NO_DELETE,
)
