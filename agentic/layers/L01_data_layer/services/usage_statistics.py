"""What model calls used and cost, in sum and by group."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from agentic.layers.base import jsonio
from agentic.layers.base.ids import timestamp
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.models.statistics import UsageStatsQuery
from agentic.layers.L01_data_layer.services.statistics import MEAN, percentile, spread
from agentic.layers.L01_data_layer.where import Where

KEYS: Final = {
    "model": "model_name",
    "provider": "model_provider",
    "agent": "agent_id",
    "day": "date_trunc('day', created_at, 'UTC')",
    "hour": "date_trunc('hour', created_at, 'UTC')",
}
SUMS: Final = """sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
 coalesce(sum(cost_estimate), 0) AS cost_estimate,
 count(*) FILTER (WHERE NOT cost_known AND input_tokens + output_tokens > 0) AS unpriced"""
SUMMED: Final = ("unpriced", "input_tokens", "output_tokens", "cost_estimate")
LATENCY: Final = {"mean": MEAN, "p50": percentile(0.5), "p95": percentile(0.95), "p99": percentile(0.99)}


class UsageStatistics:
    """Sums over the records of model calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stats(self, call: Call) -> Answer:
        """All calls that meet the filters, together and by groups."""
        query = validated(UsageStatsQuery, call.query)
        where = _where(query)
        body: dict[str, Any] = {"total": await self._total(where), "groups": [], "more": False}
        if query.group_by is not None:
            groups = await self._groups(query, where, KEYS[query.group_by])
            body["groups"], body["more"] = groups[: query.limit], len(groups) > query.limit
        return Answer(jsonio.encode(body))

    async def _total(self, where: Where) -> dict[str, Any]:
        cells = f"""SELECT NULL::text AS key, latency_ms AS value, count(*) AS n, {SUMS}
        FROM model_usage WHERE {where.sql()} GROUP BY latency_ms"""
        sums = {name: f"sum({name})" for name in SUMMED}
        row = await self._database.fetchrow(
            spread(cells, {"calls": "sum(n)", **sums, **LATENCY}), *where.values
        )
        return _usage(row, row)

    async def _groups(self, query: UsageStatsQuery, where: Where, key: str) -> list[dict[str, Any]]:
        """One group more than the limit: the percentiles, which cost most, are taken of no others."""
        timed = query.group_by in ("day", "hour")
        first = "key DESC" if timed else "calls DESC, key"
        sums = f"""SELECT {key} AS key, count(*) AS calls, {SUMS} FROM model_usage WHERE {where.sql()}
        GROUP BY 1 ORDER BY {first} LIMIT {query.limit + 1}"""
        rows = await self._database.fetch(sums, *where.values)
        keys = [row["key"] for row in rows]
        within = Where([*where.values], [*where.conditions])
        within.add(
            f"({key} = ANY(?) OR ({key} IS NULL AND ?))", [k for k in keys if k is not None], None in keys
        )
        cells = f"""SELECT {key} AS key, latency_ms AS value, count(*) AS n
        FROM model_usage WHERE {within.sql()} GROUP BY 1, 2"""
        latencies = {
            row["key"]: row for row in await self._database.fetch(spread(cells, LATENCY), *within.values)
        }
        return [{"group": _name(row["key"]), **_usage(row, latencies.get(row["key"]))} for row in rows]


def _where(query: UsageStatsQuery) -> Where:
    where = Where()
    where.add("status <> 'reserved'")  # Nobody knows yet what a call in flight uses.
    if query.agent_id is not None:
        where.add("agent_id = ?", query.agent_id)
    where.created(query.since, query.until)
    return where


def _usage(sums: Record | None, latency: Record | None) -> dict[str, Any]:
    return {
        "calls": int(sums["calls"]) if sums else 0,
        "unpriced": int(sums["unpriced"]) if sums else 0,
        "input_tokens": int(sums["input_tokens"]) if sums else 0,
        "output_tokens": int(sums["output_tokens"]) if sums else 0,
        "cost_estimate": float(sums["cost_estimate"]) if sums else 0.0,
        "latency_ms": {
            "mean": _rounded(latency["mean"]) if latency else None,
            **{name: latency[name] if latency else None for name in ("p50", "p95", "p99")},
        },
    }


def _rounded(value: Any) -> float | None:
    return None if value is None else round(float(value), 3)


def _name(key: str | UUID | datetime | None) -> str | None:
    if isinstance(key, datetime):
        return timestamp(key)
    return None if key is None else str(key)
