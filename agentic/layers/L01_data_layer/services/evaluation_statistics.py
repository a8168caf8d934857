"""How well agents do: scores in sum, by type, agent and time, and where they are going.

What is in `evaluation_sums` is read from there: whole days, and the whole hours beside them; the rest, at both ends, from the
evaluations themselves.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from asyncpg import Record

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.base.ids import timestamp
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.models.statistics import Scores, ScoreStatsOfQuery, ScoreStatsQuery
from agentic.layers.L01_data_layer.services.evaluation_sums import ALL, HOUR, NOBODY, day_of, hour_of
from agentic.layers.L01_data_layer.services.resource_service import parse_id
from agentic.layers.L01_data_layer.where import Where

RECENT: Final = 20
"""How many of the latest scores a trend compares with as many before them."""
PERCENTILES: Final = (5, 25, 50, 75, 95)
AGENT: Final = "SELECT 1 FROM agents WHERE id = $1"
UPTO: Final = "SELECT upto FROM evaluation_sums_upto WHERE id = 1"
LONG_AGO: Final = datetime(1000, 1, 1, tzinfo=UTC)
SUMMED_KEYS: Final = {
    "type": "evaluation_type",
    "agent": f"nullif(agent_id, '{NOBODY}')::text",
    "day": "date_trunc('day', start)",
    "hour": "start",
}
KEYS: Final = {
    "type": "evaluation_type",
    "agent": "agent_id::text",
    "day": "date_trunc('day', created_at)",
    "hour": "date_trunc('hour', created_at)",
}


@dataclass
class Tally:
    """Scores in sum, in ten-thousandths; `cells` counts them by value."""

    count: int = 0
    scored: int = 0
    total: int = 0
    squares: int = 0
    lowest: int | None = None
    highest: int | None = None
    cells: Counter[int] = field(default_factory=Counter[int])

    def add(self, other: Tally) -> None:
        """Takes another in."""
        self.count += other.count
        self.scored += other.scored
        self.total += other.total
        self.squares += other.squares
        self.lowest = min((each for each in (self.lowest, other.lowest) if each is not None), default=None)
        self.highest = max((each for each in (self.highest, other.highest) if each is not None), default=None)
        self.cells.update(other.cells)

    def scores(self) -> Scores:
        """As it is told."""
        told: dict[str, Any] = {"count": self.count, "scored": self.scored}
        told["mean"] = _score(self.total / self.scored) if self.scored else None
        told["min"], told["max"] = _score(self.lowest), _score(self.highest)
        told["stddev"] = _score(self._deviation())
        ranks = self._percentiles()
        return told | {f"p{rank}": _score(value) for rank, value in zip(PERCENTILES, ranks, strict=True)}  # type: ignore[return-value]

    def _deviation(self) -> float | None:
        """Of a sample; none for less than two values."""
        if self.scored < 2:
            return None
        return math.sqrt(
            max(0, self.squares * self.scored - self.total**2) / (self.scored * (self.scored - 1))
        )

    def _percentiles(self) -> list[int | None]:
        """For each, the lowest value that at least this part of the values does not exceed."""
        found: list[int | None] = []
        values = iter(sorted(self.cells.items()))
        value, upto = None, 0
        for rank in PERCENTILES:
            while upto * 100 < rank * self.scored:
                value, n = next(values)
                upto += n
            found.append(value)
        return found


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
        wanted = ScoreStatsOfQuery.model_construct(**query.__dict__, agent_id=agent_id, group_by="type")
        by_type = await self._tallies(wanted)
        body = {
            "agent_id": str(agent_id),
            **_together(by_type.values()).scores(),
            "by_type": [
                {"evaluation_type": key, **by_type[key].scores()} for key in sorted(by_type, key=str)
            ],
            "trend": await self._trend(wanted),
        }
        return Answer(jsonio.encode(body))

    async def stats(self, call: Call) -> Answer:
        """The scores that meet the filters, together and by groups."""
        query = validated(ScoreStatsOfQuery, call.query)
        tallies = await self._tallies(query)
        total = _together(tallies.values())
        body: dict[str, Any] = {"total": total.scores(), "groups": [], "more": False}
        if query.group_by is not None:
            first = _latest if query.group_by in ("day", "hour") else _largest
            ordered = sorted(tallies.items(), key=first)
            body["groups"] = [
                {"group": _name(key), **tally.scores()} for key, tally in ordered[: query.limit]
            ]
            body["more"] = len(ordered) > query.limit
        return Answer(jsonio.encode(body))

    async def _tallies(self, query: ScoreStatsOfQuery) -> dict[Any, Tally]:
        """Sums by what is grouped by; all under none."""
        span = await self._range(query)
        tallies: dict[Any, Tally] = {}
        if span.begin < span.end:
            await self._take_summed(query, span, tallies)
        for part in span.beside():
            await self._take_single(query, part, tallies)
        return tallies

    async def _range(self, query: ScoreStatsOfQuery) -> _Range:
        row = await self._database.fetchrow(UPTO)
        upto: datetime = LONG_AGO if row is None or row["upto"] is None else row["upto"]
        since = None if query.since is None else datetime.fromisoformat(query.since)
        until = None if query.until is None else datetime.fromisoformat(query.until)
        begin = LONG_AGO if since is None else hour_of(since + HOUR - timedelta(microseconds=1))
        end = upto if until is None else min(upto, hour_of(until))
        return _Range(since, until, begin, end, query.group_by == "hour")

    async def _take_summed(self, query: ScoreStatsOfQuery, span: _Range, tallies: dict[Any, Tally]) -> None:
        where = Where()
        if query.agent_id is None and query.group_by == "agent":
            where.add("agent_id <> ?", ALL)
        else:
            where.add("agent_id = ?", query.agent_id or ALL)
        _of_type(where, query)
        span.summed(where)
        key = SUMMED_KEYS.get(query.group_by or "", "NULL")
        sums = f"""
        SELECT {key} AS key, sum(count)::bigint AS count, sum(scored)::bigint AS scored, sum(total)::bigint AS total,
          sum(squares)::bigint AS squares, min(lowest) AS lowest, max(highest) AS highest
        FROM evaluation_sums WHERE {where.sql()} GROUP BY 1
        """
        cells = f"""
        SELECT {key} AS key, hundredth * 100 AS value, sum(n)::bigint AS n
        FROM evaluation_sums, unnest(hundredths, counts) AS cell (hundredth, n) WHERE {where.sql()} GROUP BY 1, 2
        """
        for row in await self._database.fetch(sums, *where.values):
            tallies.setdefault(row["key"], Tally()).add(Tally(*list(row)[1:]))
        for row in await self._database.fetch(cells, *where.values):
            tallies[row["key"]].cells[row["value"]] += row["n"]

    async def _take_single(
        self,
        query: ScoreStatsOfQuery,
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
        key = KEYS.get(query.group_by or "", "NULL")
        cells = f"""
        SELECT {key} AS key, (score * 10000)::int AS value, count(*) AS n
        FROM evaluations WHERE {where.sql()} GROUP BY 1, 2
        """
        for row in await self._database.fetch(cells, *where.values):
            tallies.setdefault(row["key"], Tally()).add(_tally_of(row))

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


def _of_type(where: Where, query: ScoreStatsOfQuery) -> None:
    if query.evaluation_type is not None:
        where.add("evaluation_type = ?", query.evaluation_type)


def _tally_of(row: Record) -> Tally:
    """Evaluations that have the same score, or none."""
    value, n = row["value"], row["n"]
    if value is None:
        return Tally(count=n)
    return Tally(n, n, value * n, value * value * n, value, value, Counter({value: n}))


def _together(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def _latest(item: tuple[Any, Tally]) -> Any:
    return -item[0].timestamp()


def _largest(item: tuple[Any, Tally]) -> Any:
    return (-item[1].count, str(item[0]))


def _name(key: Any) -> str | None:
    return timestamp(key) if isinstance(key, datetime) else key


def _score(value: float | None) -> float | None:
    return None if value is None else round(value / 10_000, 4)
