"""A session of an agent, and its named checkpoints."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from agentic.layers.base import states
from agentic.layers.L01_data_layer.models.fields import Body, Changes, Id, Json, JsonObject, Kind, Wanted
from agentic.layers.L01_data_layer.models.resource import NO_DELETE, Lifecycle, ListQuery, Resource


class SessionCreate(Body):
    """A new session."""

    agent_id: Id | None = None
    session_type: Kind = "conversation"
    context: JsonObject = {}
    checkpoint: Json = None


class SessionUpdate(Changes):
    """What may change in a session."""

    status: Kind = ""
    context: JsonObject = {}
    checkpoint: Json = None


class SessionQuery(ListQuery):
    """Filters of the list of sessions."""

    agent_id: Id | None = None
    session_type: Wanted | None = None
    status: Wanted | None = None


class Session(TypedDict):
    """A session as stored."""

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
