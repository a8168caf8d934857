"""A session of an agent, and its named checkpoints."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from agentic.layers.base import states
from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.fields import (
    MAX_INT,
    Body,
    Changes,
    Id,
    Json,
    JsonObject,
    Kind,
    Name,
    Wanted,
    without_defaults,
)
from agentic.layers.L01_data_layer.models.resource import (
    NO_DELETE,
    WHOLE,
    Lifecycle,
    ListQuery,
    Page,
    Paging,
    Resource,
    state_of,
)


class SessionCreate(Body):
    """A new session."""

    agent_id: Id | None = None
    session_type: Kind = "conversation"
    context: JsonObject = {}
    checkpoint: Json = None


class SessionUpdate(Changes):
    """What may change in a session."""

    status: Annotated[Kind, state_of(states.SESSION)] = ""
    context: JsonObject = {}
    checkpoint: Json = None


class SessionQuery(ListQuery):
    """Filters of the list of sessions."""

    agent_id: Id | None = None
    session_type: Wanted | None = None
    status: Wanted | None = None


class StaleQuery(Paging):
    """Sessions that are active and have given no sign of life for so many seconds; the oldest come first."""

    seconds: Annotated[int, Field(ge=0, le=MAX_INT), WHOLE] = 60
    order: Literal["asc", "desc"] = "asc"
    agent_id: Id | None = None
    session_type: Wanted | None = None


class Session(TypedDict):
    """A session as stored. `heartbeat_at` is no fact of the log: it changes without a version, and the past has none."""

    id: str
    agent_id: str | None
    session_type: str
    status: str
    context: dict[str, Any]
    checkpoint: Any
    created_at: str
    updated_at: str
    heartbeat_at: str | None
    version: int


class Heartbeat(TypedDict):
    """The answer to a heartbeat: a runner that reads `paused` here stops taking steps."""

    id: str
    status: str
    heartbeat_at: str


class CheckpointCreate(Body):
    """A checkpoint under a name of its own in the session; what it does not give is what the session has now."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    name: Name
    context: JsonObject = {}
    checkpoint: Json = None


class CheckpointQuery(ListQuery):
    """Filters of the list of the checkpoints of a session."""

    name: Wanted | None = None


class CheckpointRestore(Body):
    """Gives a session the context and checkpoint that are kept under this name."""

    name: Name


class Checkpoint(TypedDict):
    """A checkpoint as stored. It does not change."""

    id: str
    session_id: str
    name: str
    context: dict[str, Any]
    checkpoint: Any
    created_at: str
    version: int


SESSIONS = Resource(
    "session",
    "/sessions",
    SessionCreate,
    SessionQuery,
    Session,
    SessionUpdate,
    Lifecycle(states.SESSION, stamps={}),
    verbs=NO_DELETE,
)

CHECKPOINTS = Resource(
    "checkpoint",
    "/sessions/{id}/checkpoints",
    CheckpointCreate,
    CheckpointQuery,
    Checkpoint,
    verbs=frozenset(("create", "list")),
)

STALE_SESSIONS = Operation("session.stale", "GET", "/sessions/stale", query=StaleQuery, result=Page[Session])
HEARTBEAT = Operation("session.heartbeat", "POST", "/sessions/{id}/heartbeat", result=Heartbeat)
RESTORE_SESSION = Operation(
    "session.restore",
    "POST",
    "/sessions/{id}/restore",
    body=CheckpointRestore,
    result=Session,
    conditional=True,
)
