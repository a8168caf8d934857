"""Records as they were: the fold of their events up to a time or a position.

`jsonb_merge` is an aggregate that the first migration makes of PostgreSQL's own `||`: a record's state is its
`create` payload with each later payload laid over it. `platform check` compares the same fold with the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.operation import Answer
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.models.resource import ListQuery

_WITHIN = {
    "time": "(created_at <= $2)",
    "position": "(position <= $2)",
}
FOLD = """jsonb_merge(payload || jsonb_build_object('version', version) ORDER BY version)"""


def parse_as_of(text: str) -> tuple[str, datetime | int]:
    """A moment or a position.

    Raises:
        InvalidError: it is neither.
    """
    if text.isascii() and text.isdigit() and len(text) < 19:
        return "position", int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidError.of(
            ("as_of", "neither a position nor a time such as 2026-11-22T12:00:00Z")
        ) from None
    if moment.tzinfo is None:
        raise InvalidError.of(("as_of", "a time needs its offset, such as Z"))
    return "time", moment


async def record_as_of(database: Database, name: str, record_id: UUID, as_of: str) -> Answer | None:
    """One record as it was, or none when it was not."""
    kind, bound = parse_as_of(as_of)
    sql = f"""
    SELECT {FOLD}, max(version) FROM events
    WHERE aggregate_type = $1 AND {_WITHIN[kind]} AND aggregate_id = $3 AND verb IS NOT NULL
    HAVING count(*) > 0 AND NOT bool_or(verb = 'delete')
    """
    row = await database.fetchrow(sql, name, bound, record_id)
    return None if row is None else Answer(row[0], row[1])


async def records_as_of(
    database: Database, name: str, query: ListQuery, filters: Mapping[str, Any]
) -> Answer:
    """One page of records as they were."""
    raise InvalidError.of(("as_of", "lists"))
