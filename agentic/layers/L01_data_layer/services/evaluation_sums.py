"""Evaluations in sum, hour by hour and day by day, so that statistics over a million of them read a few hundred rows.

An evaluation never changes, so an hour that is over for a while never does either: it is summed once. What is not summed yet is
read as it is (`evaluation_statistics.py`). Everything here is derived: without a row in `evaluation_sums_upto` it begins anew.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from asyncpg import Connection

from agentic.layers.base.ids import now
from agentic.layers.L01_data_layer.database import Database

ALL: Final = UUID(int=0)
"""The agent of the sums over all agents."""
NOBODY: Final = UUID(int=1)
"""The agent of evaluations that are of none."""
EVERY: Final = 60.0
SETTLED: Final = timedelta(minutes=10)
"""After this, no evaluation of an hour is still being written."""
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

HOLD: Final = "SELECT upto FROM evaluation_sums_upto WHERE id = 1 FOR UPDATE"
FIRST: Final = "SELECT min(created_at) FROM evaluations"
MOVE: Final = "UPDATE evaluation_sums_upto SET upto = $1 WHERE id = 1"
SUM: Final = f"""
WITH cells AS (
  SELECT agent_id, GROUPING(agent_id) = 1 AS everybody, evaluation_type, date_trunc($1, created_at, 'UTC') AS start,
    round(score * 100)::smallint AS hundredth, count(*) AS n, sum(score * 10000) AS total,
    sum(score * score * 100000000) AS squares, min(score) AS lowest, max(score) AS highest
  FROM evaluations WHERE created_at >= $2 AND created_at < $3
  GROUP BY GROUPING SETS ((agent_id, evaluation_type, start, hundredth), (evaluation_type, start, hundredth))
)
INSERT INTO evaluation_sums
  (agent_id, evaluation_type, span, start, count, scored, total, squares, lowest, highest, hundredths, counts)
SELECT coalesce(agent_id, CASE WHEN everybody THEN '{ALL}' ELSE '{NOBODY}' END::uuid), evaluation_type, $1, start, sum(n),
  coalesce(sum(n) FILTER (WHERE hundredth IS NOT NULL), 0), coalesce(sum(total), 0), coalesce(sum(squares), 0),
  min(lowest) * 10000, max(highest) * 10000,
  coalesce(array_agg(hundredth ORDER BY hundredth) FILTER (WHERE hundredth IS NOT NULL), '{{}}'),
  coalesce(array_agg(n::int ORDER BY hundredth) FILTER (WHERE hundredth IS NOT NULL), '{{}}')
FROM cells GROUP BY agent_id, everybody, evaluation_type, start
ON CONFLICT (agent_id, evaluation_type, span, start) DO UPDATE SET
  count = excluded.count, scored = excluded.scored, total = excluded.total, squares = excluded.squares,
  lowest = excluded.lowest, highest = excluded.highest, hundredths = excluded.hundredths, counts = excluded.counts
"""


async def keep_summed(database: Database) -> None:
    """Sums the hours and days that are over. Runs until it is cancelled."""
    while True:
        while await sum_next(database, now() - SETTLED):
            pass
        await asyncio.sleep(EVERY)


async def sum_next(database: Database, until: datetime) -> bool:
    """Sums the next hours, to the end of their day or to the hour of `until`; whether there is more to sum."""
    end = hour_of(until)
    async with database.writing() as connection, connection.transaction():
        begin = await _begin(connection)
        if begin is None or begin >= end:
            return False
        next_day = day_of(begin) + DAY
        upto = min(end, next_day)
        await connection.execute(SUM, "hour", begin, upto)
        if upto == next_day:
            await connection.execute(SUM, "day", day_of(begin), upto)
        await connection.execute(MOVE, upto)
    return upto < end


async def _begin(connection: Connection[Any]) -> datetime | None:
    """Where the sums end so far, or else the hour of the first evaluation; none when there is none."""
    upto: datetime | None = await connection.fetchval(HOLD)
    if upto is not None:
        return upto
    first: datetime | None = await connection.fetchval(FIRST)
    return None if first is None else hour_of(first)


def hour_of(moment: datetime) -> datetime:
    """The hour in which a moment is."""
    return moment.replace(minute=0, second=0, microsecond=0)


def day_of(moment: datetime) -> datetime:
    """The day in which a moment is."""
    return hour_of(moment).replace(hour=0)
