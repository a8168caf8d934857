"""Bookmarks in the log. They are kept beside it, without events (docs/decisions/0005)."""

from __future__ import annotations

from typing import Any

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.base.ids import now, timestamp
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.conditions import equals
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.models.cursor import CursorAddress, CursorSet
from agentic.layers.L01_data_layer.models.resource import Paging
from agentic.layers.L01_data_layer.services.records import Records
from agentic.layers.L01_data_layer.statements import TableStatements
from agentic.layers.L01_data_layer.tables.cursor import CURSORS


class CursorStore:
    """How far each durable reader has come."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._records = Records(
            database, TableStatements(CURSORS, "cursor"), lambda name, rows: equals(rows, name), by="name"
        )

    async def list(self, call: Call) -> Answer:
        """One page of cursors, by name."""
        return await self._records.page(validated(Paging, call.query), {})

    async def get(self, call: Call) -> Answer:
        """One cursor."""
        name = _name(call)
        row = await self._database.fetchrow(GET, name)
        if row is None:
            raise NotFoundError(f"There is no cursor {name!r}.")
        return _answer(name, *row)

    async def set(self, call: Call) -> Answer:
        """Puts a cursor at a position; the first time makes it."""
        name = _name(call)
        body = validated(CursorSet, call.body)
        row = await self._database.fetchrow(SET, name, body.position, now(), body.onward)
        assert row is not None
        return _answer(name, *row)


def _name(call: Call) -> str:
    return validated(CursorAddress, dict(call.path)).name


def _answer(name: str, position: int, updated_at: Any) -> Answer:
    return Answer(jsonio.encode({"name": name, "position": position, "updated_at": timestamp(updated_at)}))


GET = "SELECT position, updated_at FROM cursors WHERE name = $1"
SET = """
INSERT INTO cursors (name, position, updated_at) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET updated_at = excluded.updated_at,
  position = CASE WHEN $4 THEN greatest(cursors.position, excluded.position) ELSE excluded.position END
RETURNING position, updated_at
"""
