"""How many events there were over time.

Positions are dense, so the number of events between two moments is the difference of two positions: what is asked
without a filter costs one look into an index for each edge, however long the log is. An event counts where its position
lies; writers' clocks that differ move it by that difference.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.ids import now, timestamp
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.models.event import HistogramQuery
from agentic.layers.L01_data_layer.services.event_pages import Search


class EventStatistics:
    """Counts of the log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def histogram(self, call: Call) -> Answer:
        """Events in equal spans of time, those that meet the filters."""
        query = validated(HistogramQuery, call.query)
        since, until = await self._range(query)
        span = (until - since) / query.buckets
        edges = [since + index * span for index in range(query.buckets)] + [until]
        counts = await self._counts(query, edges)
        body = {
            "since": timestamp(since),
            "until": timestamp(until),
            "seconds": span.total_seconds(),
            "counts": counts,
            "total": sum(counts),
        }
        return Answer(jsonio.encode(body))

    async def _range(self, query: HistogramQuery) -> tuple[datetime, datetime]:
        until = datetime.fromisoformat(query.until) if query.until else now()
        if query.since is not None:
            since = datetime.fromisoformat(query.since)
        else:
            row = await self._database.fetchrow(FIRST)
            since = min(row[0] if row else until, until - timedelta(seconds=1))
        if since >= until:
            raise InvalidError.of(("since", "not before until"))
        return since, until

    async def _counts(self, query: HistogramQuery, edges: list[datetime]) -> list[int]:
        (row,) = await self._database.fetch(POSITIONS, edges)
        positions: list[int] = row[0]
        # The times are now in the positions; leaving them out lets the indexes alone answer.
        search = Search(query.model_copy(update={"since": None, "until": None}))
        if not (search.event.conditions or search.kind.conditions or search.aggregate.conditions):
            return [after - before for before, after in pairwise(positions)]
        search.bound(">=", positions[0])
        search.bound("<", positions[-1])
        search.values.append(positions)
        found = search.found(f"width_bucket(position, ${len(search.values)}::bigint[]) AS bucket")
        rows = await self._database.fetch(
            f"SELECT bucket, count(*) AS n FROM ({found}) f GROUP BY 1", *search.values
        )
        return _spread(rows, query.buckets)


def _spread(rows: list[Any], buckets: int) -> list[int]:
    counts = [0] * buckets
    for row in rows:
        counts[min(row["bucket"], buckets) - 1] += row["n"]
    return counts


FIRST = "SELECT created_at FROM events ORDER BY created_at LIMIT 1"
POSITIONS = """
SELECT array_agg(highest ORDER BY i) FROM (
  SELECT i, max(coalesce(
    (SELECT position FROM events WHERE created_at >= edge AND position IS NOT NULL ORDER BY created_at LIMIT 1),
    (SELECT position + 1 FROM relay WHERE id = 1)
  )) OVER (ORDER BY i) AS highest
  FROM unnest($1::timestamptz[]) WITH ORDINALITY AS edges (edge, i)
) placed
"""
