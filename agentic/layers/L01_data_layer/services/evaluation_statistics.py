"""How well agents do: scores in sum, by type, agent and time, and where they are going.

What is in `evaluation_sums` is read from there: whole days, and the whole hours beside them; the rest, at both ends, from the
evaluations themselves.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.base.ids import timestamp
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.models.statistics import (
    ScoreStatsOfQuery,
    ScoreStatsQuery,
)
from agentic.layers.L01_data_layer.services.evaluation_sums import ALL, HOUR, NOBODY, day_of, hour_of
from agentic.layers.L01_data_layer.services.resource_service import parse_id
from agentic.layers.L01_data_layer.services.score_tally import Tally, tally_of, together
from agentic.layers.L01_data_layer.where import Where

RECENT: Final = 20
"""How many of the latest scores a trend compares with as many before them."""
AGENT: Final = "SELECT 1 FROM agents WHERE id = $1"
UPTO: Final = "SELECT upto FROM evaluation_sums_upto WHERE id = 1"
LONG_AGO: Final = datetime(1000, 1, 1, tzinfo=UTC)
Group = Literal["type", "agent", "day", "hour"] | None
SUMMED_KEYS: Final[dict[Group, str]] = {
    None: "NULL",
    "type": "evaluation_type",
    "agent": f"nullif(agent_id, '{NOBODY}')",
    "day": "date_trunc('day', start)",
    "hour": "start",
}
KEYS: Final[dict[Group, str]] = {
    None: "NULL",
    "type": "evaluation_type",
    "agent": "agent_id",
    "day": "date_trunc('day', created_at)",
    "hour": "date_trunc('hour', created_at)",
}


@dataclass(frozen=True)
class _Range:
    """What of a range of time is in sums: whole days from `day` to `days_end`, whole hours from `begin` to `end` around them."""

    since: datetime | None
    until: datetime | None
    begin: datetime
    end: datetime
    by_hour: bool

    @property
    def day(self) -> datetime:
        first = day_of(self.begin)
        return first if first == self.begin else first + timedelta(days=1)

    @property
    def days_end(self) -> datetime:
        return max(self.day, day_of(self.end))

    def summed(self, where: Where) -> None:
        """The rows of the sums."""
        if self.by_hour or self.day >= self.days_end:
            where.add("span = 'hour' AND start >= ? AND start < ?", self.begin, self.end)
            return
        hours = "(span = 'hour' AND ((start >= ? AND start < ?) OR (start >= ? AND start < ?)))"
        days = "(span = 'day' AND start >= ? AND start < ?)"
        where.add(
            f"({hours} OR {days})", self.begin, self.day, self.days_end, self.end, self.day, self.days_end
        )

    def beside(self) -> list[tuple[str, datetime | None, str, datetime | None]]:
        """The parts that are not in sums: each from one moment, to another."""
        if self.begin >= self.end:
            return [(">=", self.since, "<=", self.until)]
        parts: list[tuple[str, datetime | None, str, datetime | None]] = [(">=", self.end, "<=", self.until)]
        if self.since is not None:
            parts.append((">=", self.since, "<", self.begin))
        return parts


class EvaluationStatistics:
    """Sums over evaluations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def agent_stats(self, call: Call) -> Answer:
        """The scores of an agent: all together, by type, and their trend."""
        agent_id = parse_id(call.path["agent_id"], "agent_id")
        query = validated(ScoreStatsQuery, call.query)
        if await self._database.fetchrow(AGENT, agent_id) is None:
            raise NotFoundError(f"There is no agent {agent_id}.")
        wanted = ScoreStatsOfQuery.model_construct(**query.__dict__, agent_id=agent_id)
        by_type, _ = await self._tallies(wanted, "type")
        body = {
            "agent_id": str(agent_id),
            **together(by_type.values()).scores(),
            "by_type": [
                {"evaluation_type": key, **by_type[key].scores()} for key in sorted(by_type, key=str)
            ],
            "trend": await self._trend(wanted),
        }
        return Answer(jsonio.encode(body))

    async def stats(self, call: Call) -> Answer:
        """The scores that meet the filters, together and by groups."""
        query = validated(ScoreStatsOfQuery, call.query)
        (total, _), (tallies, more) = await asyncio.gather(self._tallies(query, None), self._groups(query))
        body = {
            "total": total.get(None, Tally()).scores(),
            "groups": [{"group": _name(key), **tally.scores()} for key, tally in tallies.items()],
            "more": more,
        }
        return Answer(jsonio.encode(body))

    async def _groups(self, query: ScoreStatsOfQuery) -> tuple[dict[Any, Tally], bool]:
        if query.group_by is None:
            return {}, False
        return await self._tallies(query, query.group_by, query.limit)

    async def _tallies(
        self, query: ScoreStatsOfQuery, group: Group, limit: int | None = None
    ) -> tuple[dict[Any, Tally], bool]:
        """The first groups, all under none, and whether there are more; of the others nothing is counted by value."""
        span = await self._range(query, by_hour=group == "hour")
        summed = span.begin < span.end
        tallies: dict[Any, Tally] = {}
        if summed:
            await self._take_sums(query, group, span, tallies)
        for part in span.beside():
            await self._take_single(query, group, part, tallies)
        first = _latest if group in ("day", "hour") else _largest
        kept = dict(sorted(tallies.items(), key=first)[:limit])
        if summed:
            await self._take_cells(query, group, span, kept)
        return kept, len(kept) < len(tallies)

    async def _range(self, query: ScoreStatsOfQuery, *, by_hour: bool) -> _Range:
        row = await self._database.fetchrow(UPTO)
        upto: datetime = LONG_AGO if row is None or row["upto"] is None else row["upto"]
        since = None if query.since is None else datetime.fromisoformat(query.since)
        until = None if query.until is None else datetime.fromisoformat(query.until)
        begin = LONG_AGO if since is None else hour_of(since + HOUR - timedelta(microseconds=1))
        end = upto if until is None else min(upto, hour_of(until))
        return _Range(since, until, begin, end, by_hour)

    async def _take_sums(
        self, query: ScoreStatsOfQuery, group: Group, span: _Range, tallies: dict[Any, Tally]
    ) -> None:
        where = _summed(query, group, span)
        sql = f"""
        SELECT {SUMMED_KEYS[group]} AS key, sum(count)::bigint, sum(scored)::bigint, sum(total)::bigint,
          sum(squares)::bigint, min(lowest), max(highest)
        FROM evaluation_sums WHERE {where.sql()} GROUP BY 1
        """
        for key, *sums in await self._database.fetch(sql, *where.values):
            tallies.setdefault(key, Tally()).add(Tally(*sums))

    async def _take_cells(
        self, query: ScoreStatsOfQuery, group: Group, span: _Range, tallies: dict[Any, Tally]
    ) -> None:
        """Counts what is in sums by value: for these groups alone."""
        where, key = _summed(query, group, span), SUMMED_KEYS[group]
        if group == "agent":  # the column itself, which an index serves
            where.add("agent_id = ANY(?)", [NOBODY if each is None else each for each in tallies])
        elif group is not None:
            named = [each for each in tallies if each is not None]
            where.add(f"({key} = ANY(?) OR ({key} IS NULL AND ?))", named, None in tallies)
        sql = f"""
        SELECT key, array_agg(value), array_agg(n) FROM (
          SELECT {key} AS key, hundredth * 100 AS value, sum(n)::bigint AS n
          FROM evaluation_sums, unnest(hundredths, counts) AS cell (hundredth, n) WHERE {where.sql()} GROUP BY 1, 2
        ) cells GROUP BY 1
        """
        for group_key, values, counts in await self._database.fetch(sql, *where.values):
            tallies[group_key].cells.update(dict(zip(values, counts, strict=True)))

    async def _take_single(
        self,
        query: ScoreStatsOfQuery,
        group: Group,
        part: tuple[str, datetime | None, str, datetime | None],
        tallies: dict[Any, Tally],
    ) -> None:
        from_sign, begin, to_sign, end = part
        where = Where()
        if query.agent_id is not None:
            where.add("agent_id = ?", query.agent_id)
        _of_type(where, query)
        for sign, moment in ((from_sign, begin), (to_sign, end)):
            if moment is not None:
                where.add(f"created_at {sign} ?", moment)
        key = KEYS[group]
        cells = f"""
        SELECT {key} AS key, (score * 10000)::int AS value, count(*) AS n
        FROM evaluations WHERE {where.sql()} GROUP BY 1, 2
        """
        for row in await self._database.fetch(cells, *where.values):
            tallies.setdefault(row["key"], Tally()).add(tally_of(row))

    async def _trend(self, query: ScoreStatsOfQuery) -> dict[str, float | None]:
        where = Where()
        where.add("agent_id = ?", query.agent_id)
        _of_type(where, query)
        where.created(query.since, query.until)
        sql = f"""
        SELECT avg(score) FILTER (WHERE n <= {RECENT}), avg(score) FILTER (WHERE n > {RECENT}) FROM (
          SELECT score, row_number() OVER (ORDER BY id DESC) AS n FROM evaluations
          WHERE {where.sql()} AND score IS NOT NULL ORDER BY id DESC LIMIT {2 * RECENT}
        ) latest
        """
        row = await self._database.fetchrow(sql, *where.values)
        assert row is not None
        recent, before = (None if value is None else round(float(value), 4) for value in row)
        change = round(recent - before, 4) if recent is not None and before is not None else None
        return {"recent": recent, "before": before, "change": change}


def _summed(query: ScoreStatsOfQuery, group: Group, span: _Range) -> Where:
    """The sums that are asked for."""
    where = Where()
    if query.agent_id is None and group == "agent":
        where.add("agent_id <> ?", ALL)
    else:
        where.add("agent_id = ?", query.agent_id or ALL)
    _of_type(where, query)
    span.summed(where)
    return where


def _of_type(where: Where, query: ScoreStatsOfQuery) -> None:
    if query.evaluation_type is not None:
        where.add("evaluation_type = ?", query.evaluation_type)


def _latest(item: tuple[Any, Tally]) -> Any:
    return -item[0].timestamp()


def _largest(item: tuple[Any, Tally]) -> Any:
    return (-item[1].count, str(item[0]))


def _name(key: Any) -> str | None:
    if isinstance(key, datetime):
        return timestamp(key)
    return None if key is None else str(key)
