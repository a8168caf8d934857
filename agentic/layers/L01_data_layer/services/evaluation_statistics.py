"""How well an agent does: its scores in sum, by type of evaluation, and where they are going."""

from __future__ import annotations

from typing import Any, Final

from asyncpg import Record

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.models.statistics import ScoreStatsQuery
from agentic.layers.L01_data_layer.services.resource_service import parse_id
from agentic.layers.L01_data_layer.services.statistics import MEAN, STDDEV, VALUED, percentile, spread
from agentic.layers.L01_data_layer.where import Where

RECENT: Final = 20
"""How many of the latest scores a trend compares with as many before them."""
NUMBERS: Final = {
    "mean": MEAN,
    "min": "min(value)",
    "max": "max(value)",
    "stddev": STDDEV,
    **{f"p{rank}": percentile(rank / 100) for rank in (5, 25, 50, 75, 95)},
}
AGENT: Final = "SELECT 1 FROM agents WHERE id = $1"


class EvaluationStatistics:
    """Sums over the evaluations of one agent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def agent_stats(self, call: Call) -> Answer:
        """The scores of an agent: all together, by type, and their trend."""
        agent_id = parse_id(call.path["agent_id"], "agent_id")
        query = validated(ScoreStatsQuery, call.query)
        if await self._database.fetchrow(AGENT, agent_id) is None:
            raise NotFoundError(f"There is no agent {agent_id}.")
        where = _where(query)
        where.add("agent_id = ?", agent_id)
        rows: dict[str | None, Record] = {
            row["key"]: row for row in await self._database.fetch(_scores_sql(where), *where.values)
        }
        body = {
            "agent_id": str(agent_id),
            **_scores(rows.get(None)),
            "by_type": [
                {"evaluation_type": key, **_scores(rows[key])} for key in sorted(rows, key=str) if key
            ],
            "trend": await self._trend(where),
        }
        return Answer(jsonio.encode(body))

    async def _trend(self, where: Where) -> dict[str, float | None]:
        sql = f"""
        SELECT avg(score) FILTER (WHERE n <= {RECENT}), avg(score) FILTER (WHERE n > {RECENT}) FROM (
          SELECT score, row_number() OVER (ORDER BY id DESC) AS n FROM evaluations
          WHERE {where.sql()} AND score IS NOT NULL ORDER BY id DESC LIMIT {2 * RECENT}
        ) latest
        """
        row = await self._database.fetchrow(sql, *where.values)
        assert row is not None
        recent, before = (_rounded(value) for value in row)
        change = round(recent - before, 4) if recent is not None and before is not None else None
        return {"recent": recent, "before": before, "change": change}


def _where(query: ScoreStatsQuery) -> Where:
    where = Where()
    if query.evaluation_type is not None:
        where.add("evaluation_type = ?", query.evaluation_type)
    where.created(query.since, query.until)
    return where


def _scores_sql(where: Where) -> str:
    """One row for each type, and one for all of them, whose key is null: no evaluation is without a type."""
    cells = f"""
    SELECT evaluation_type AS key, score AS value, count(*) AS n FROM evaluations WHERE {where.sql()}
    GROUP BY GROUPING SETS ((evaluation_type, score), (score))
    """
    return spread(cells, {"count": "sum(n)", "scored": VALUED, **NUMBERS})


def _scores(row: Record | None) -> dict[str, Any]:
    return {
        "count": int(row["count"]) if row else 0,
        "scored": int(row["scored"]) if row else 0,
        **{name: _rounded(row[name]) if row else None for name in NUMBERS},
    }


def _rounded(value: Any) -> float | None:
    return None if value is None else round(float(value), 4)
