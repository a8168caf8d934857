"""How many events there were, over time and by their kinds.

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
from agentic.layers.L01_data_layer.models.event import EventFilter, HistogramQuery
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

    async def kinds(self, call: Call) -> Answer:
        """The kinds of the events that meet the filters, each with its count."""
        query = validated(EventFilter, call.query)
        search = Search(query.model_copy(update=TIMELESS))
        moments = [(name, moment) for name in TIMELESS if (moment := getattr(query, name)) is not None]
        if moments:
            edges = [datetime.fromisoformat(moment) for _, moment in moments]
            for (name, _), position in zip(moments, await self._positions(edges), strict=True):
                search.bound(">=" if name == "since" else "<", position)
        row = await self._database.fetchrow(KINDS.format(counted=search.counted_by_kind()), *search.values)
        assert row is not None
        return Answer(b'{"items":' + row[0] + b"}")

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
        positions = await self._positions(edges)
        search = Search(query.model_copy(update=TIMELESS))
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

    async def _positions(self, edges: list[datetime]) -> list[int]:
        """The first position at or after each moment; the moments are in order."""
        (row,) = await self._database.fetch(POSITIONS, edges)
        return row[0]


def _spread(rows: list[Any], buckets: int) -> list[int]:
    counts = [0] * buckets
    for row in rows:
        counts[min(row["bucket"], buckets) - 1] += row["n"]
    return counts


TIMELESS: dict[str, None] = {"since": None, "until": None}
"""The times, once they are in the positions: leaving them out lets the indexes alone answer."""
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
KINDS = """
SELECT coalesce(json_agg(json_build_object('event_type', event_type, 'aggregate_type', aggregate_type, 'count', count)
  ORDER BY event_type, aggregate_type), '[]') FROM ({counted}) counted
"""
