"""How the tools have been doing lately: calls, failures and times, over the newest executions of each."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from agentic.layers.base import jsonio
from agentic.layers.base.ids import timestamp
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.models.statistics import ToolStatsQuery

RECENT: Final = """
SELECT tools.id::text AS tool_id, count(recent.id) AS calls,
  count(recent.id) FILTER (WHERE recent.status IN ('error', 'timeout')) AS errors,
  count(recent.id) FILTER (WHERE recent.status = 'unknown') AS unknown,
  percentile_disc(0.5) WITHIN GROUP (ORDER BY recent.ms) AS p50,
  percentile_disc(0.95) WITHIN GROUP (ORDER BY recent.ms) AS p95,
  max(recent.created_at) AS last_at
FROM tools LEFT JOIN LATERAL (
  SELECT id, status, created_at, round(extract(epoch FROM completed_at - started_at) * 1000)::int AS ms
  FROM tool_executions WHERE tool_id = tools.id ORDER BY id DESC LIMIT $1
) recent ON true
GROUP BY tools.id ORDER BY tools.id
"""
"""Bounded, however long the history: the index gives the newest of each tool."""


class ToolStatistics:
    """Sums over the newest executions of each tool."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stats(self, call: Call) -> Answer:
        """Every tool with what its newest executions were like."""
        recent = validated(ToolStatsQuery, call.query).recent
        rows = await self._database.fetch(RECENT, recent)
        items = [{**row, "last_at": _moment(row["last_at"]), "more": row["calls"] >= recent} for row in rows]
        return Answer(jsonio.encode({"items": items}))


def _moment(value: datetime | None) -> str | None:
    return None if value is None else timestamp(value)
