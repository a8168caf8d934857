"""Sessions and their checkpoints."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Interval, and_, bindparam, func, literal_column

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import NotFoundError, StateError
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.base.tracing import traced
from agentic.layers.L01_data_layer.models.resource import filters_of
from agentic.layers.L01_data_layer.models.session import (
    CHECKPOINTS,
    SESSIONS,
    Checkpoint,
    CheckpointCreate,
    CheckpointQuery,
    CheckpointRestore,
    Session,
    StaleQuery,
)
from agentic.layers.L01_data_layer.services.history import parse_as_of
from agentic.layers.L01_data_layer.services.resource_service import ResourceService, parse_id
from agentic.layers.L01_data_layer.statements import MOMENT, word
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.session import CHECKPOINTS as CHECKPOINTS_TABLE
from agentic.layers.L01_data_layer.tables.session import SESSIONS as SESSIONS_TABLE

LIVE: Final = ("active", "paused")

BEAT: Final = f"""
WITH beat AS (
  UPDATE sessions SET heartbeat_at = now() WHERE id = $1 AND status IN {LIVE} RETURNING heartbeat_at
)
SELECT sessions.status, CASE WHEN beat.heartbeat_at IS NOT NULL THEN json_build_object(
  'id', id, 'status', status, 'heartbeat_at', to_char(timezone('UTC', beat.heartbeat_at), {MOMENT})) END AS answer
FROM sessions LEFT JOIN beat ON true WHERE id = $1
"""
STATE: Final = (
    "SELECT json_build_object('context', context, 'checkpoint', checkpoint) FROM sessions WHERE id = $1"
)
THERE: Final = "SELECT 1 FROM sessions WHERE id = $1"
SECOND: Final = literal_column("interval '1 second'", Interval())


class SessionService(ResourceService[Session]):
    """The sessions of agents."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, SESSIONS, SESSIONS_TABLE)
        self.checkpoints = CheckpointStore(store)

    def condition(self, name: str, rows: Any) -> ColumnElement[bool]:
        """`seconds` is the silence of an active session; the others are as usual."""
        if name != "seconds":
            return super().condition(name, rows)
        last_sign = func.coalesce(rows["heartbeat_at"], rows["created_at"])
        silence = bindparam("seconds", type_=Integer()) * SECOND
        return and_(rows["status"] == word("active"), last_sign < func.now() - silence)

    async def heartbeat(self, call: Call) -> Answer:
        """Notes that a session is being worked on.

        It is no fact: it leaves no event, and neither version nor ETag change, so a runner may send one every second
        beside somebody who edits the session.
        """
        session_id = parse_id(call.path["id"])
        rows = await self.store.database.write(BEAT, session_id)
        if not rows:
            raise self.missing(session_id)
        ((status, answer),) = rows
        if answer is None:
            raise StateError(f"A session that is {status} has no heartbeat.", current_status=status)
        return Answer(answer)

    async def stale(self, call: Call) -> Answer:
        """Active sessions whose last heartbeat (or creation, when there was none) is too long ago."""
        query = validated(StaleQuery, call.query)
        return await self.records.page(query, filters_of(query))

    async def restore(self, call: Call) -> Answer:
        """Gives a session the context and checkpoint that are kept under a name."""
        session_id = parse_id(call.path["id"])
        name = validated(CheckpointRestore, call.body).name
        kept = await self.checkpoints.named(session_id, name)
        with traced(restored_from=f"checkpoint {name}"):
            changes = {field: kept[field] for field in ("context", "checkpoint")}
            return await self.write(session_id, changes, call.expected)


class CheckpointStore(ResourceService[Checkpoint]):
    """What sessions were, kept under names."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, CHECKPOINTS, CHECKPOINTS_TABLE)

    async def create(self, call: Call) -> Answer:
        """Keeps what a session is now, or what the body says instead, under a name."""
        session_id = parse_id(call.path["id"])
        body = validated(CheckpointCreate, call.body)
        row = await self.store.database.fetchrow(STATE, session_id)
        if row is None:
            raise NotFoundError(f"There is no session {session_id}.")
        said = {name: body.__dict__[name] for name in body.model_fields_set}
        values = {**jsonio.decode(row[0]), **said, "session_id": str(session_id)}
        request = call._replace(body={"session_id": str(session_id), **said})
        return (await self.add(request, values))._replace(id=None)

    async def list(self, call: Call) -> Answer:
        """One page of the checkpoints of a session, newest first unless asked otherwise."""
        session_id = parse_id(call.path["id"])
        query = validated(CheckpointQuery, call.query)
        if await self.store.database.fetchrow(THERE, session_id) is None:
            raise NotFoundError(f"There is no session {session_id}.")
        filters = {"session_id": session_id, **filters_of(query)}
        return await self.records.page(query, filters, parse_as_of(query.as_of))

    async def named(self, session_id: UUID, name: str) -> dict[str, Any]:
        """The checkpoint of a session with this name.

        Raises:
            NotFoundError: it has none.
        """
        answer = await self.records.one({"session_id": session_id, "name": name})
        if answer is None:
            raise NotFoundError(f"There is no checkpoint {name!r} of a session {session_id}.")
        return jsonio.decode(answer.body)
