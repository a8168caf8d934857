"""What became of events at subscribers. Kept beside the log, without events (docs/decisions/0040)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from sqlalchemy.dialects import postgresql

from agentic.layers.base import jsonio
from agentic.layers.base.ids import timestamp
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.models.delivery import DeliveriesForgotten, DeliveryNotes, DeliveryQuery
from agentic.layers.L01_data_layer.pages import bad_cursor, decode_cursor, page_answer
from agentic.layers.L01_data_layer.sql_text import moment
from agentic.layers.L01_data_layer.tables.subscription import DELIVERIES

NEWEST: Final = 1000
"""Notes of what arrived that are kept of each subscriber; the others are dropped every so often."""
EVERY: Final = timedelta(minutes=1)

DIALECT: Final = postgresql.dialect()
_COLUMNS: Final = {column.name: column.type.compile(DIALECT) for column in DELIVERIES.columns}
_NAMES: Final = ", ".join(_COLUMNS)
_KEY: Final = ("subscriber", "position")
_TYPED: Final = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
_SHOWN: Final = ", ".join(
    f"'{name}', {moment(name) if kind.startswith('TIMESTAMP') else name}" for name, kind in _COLUMNS.items()
)

NOTE: Final = f"""
INSERT INTO deliveries ({_NAMES}) SELECT {_NAMES} FROM jsonb_to_recordset($1::jsonb) AS given ({_TYPED})
ON CONFLICT (subscriber, position)
DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in _KEY)}
"""
FORGET: Final = """
WITH gone AS (DELETE FROM deliveries WHERE subscriber = $1 AND position > $2 RETURNING 1) SELECT count(*) FROM gone
"""
TRIM: Final = """
DELETE FROM deliveries USING (
  SELECT subscriber, position, row_number() OVER (PARTITION BY subscriber ORDER BY position DESC) AS place
  FROM deliveries WHERE status = 'delivered'
) AS ranked
WHERE deliveries.subscriber = ranked.subscriber AND deliveries.position = ranked.position AND place > $1
"""


class DeliveryStore:
    """The notes of all subscribers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, call: Call) -> Answer:
        """Writes notes, in one statement; of two about the same event and subscriber the later one counts."""
        items = validated(DeliveryNotes, call.body).items
        at = timestamp()
        rows = {
            (item.subscriber, item.position): {**item.model_dump(mode="json"), "updated_at": at}
            for item in items
        }
        await self._database.write(NOTE, jsonio.encode(list(rows.values())))
        return _count(len(rows))

    async def list(self, call: Call) -> Answer:
        """One page of the notes of a subscriber, by position."""
        query = validated(DeliveryQuery, call.query)
        after = None if query.cursor is None else _position(query.cursor)
        down = query.order == "desc"
        row = await self._database.fetchrow(
            _page(down=down, total=query.total),
            query.subscriber,
            query.status,
            after,
            query.limit,
            query.position,
        )
        assert row is not None
        return page_answer(row[:3], row[3:] if query.total else None)

    async def forget(self, call: Call) -> Answer:
        """Forgets the notes after a position."""
        body = validated(DeliveriesForgotten, call.body)
        rows = await self._database.write(FORGET, body.subscriber, body.after)
        return _count(rows[0][0])

    async def trim(self) -> None:
        """Drops old notes of what arrived, again and again. Runs until it is cancelled."""
        while True:
            await self._database.write(TRIM, NEWEST)
            await asyncio.sleep(EVERY.total_seconds())


def _page(*, down: bool, total: bool) -> str:
    beyond, order = ("<", "DESC") if down else (">", "ASC")
    wanted = "subscriber = $1 AND ($2::text IS NULL OR status = $2) AND ($5::bigint IS NULL OR position = $5)"
    counted = f"(SELECT count(*) FROM deliveries WHERE {wanted})" if total else "NULL"
    return f"""
WITH page AS (
  SELECT *, row_number() OVER (ORDER BY position {order}) AS place FROM deliveries
  WHERE {wanted} AND ($3::bigint IS NULL OR position {beyond} $3) ORDER BY position {order} LIMIT $4 + 1
)
SELECT coalesce(json_agg(json_build_object({_SHOWN}) ORDER BY place) FILTER (WHERE place <= $4), '[]'),
  count(*) > $4, (array_agg(position ORDER BY place))[least(count(*), $4)]::text, {counted}
FROM page
"""


def _position(cursor: str) -> int:
    key = decode_cursor(cursor)
    if not (key.isascii() and key.isdigit() and len(key) < 18):
        raise bad_cursor()
    return int(key)


def _count(count: int) -> Answer:
    return Answer(b'{"count":%d}' % count)
