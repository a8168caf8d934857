"""The numbers of the overview and beside the sections, each from the data layer, none invented."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

from agentic.layers.base import states
from agentic.layers.base.ids import now, timestamp
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.resource import Page
from agentic.layers.L01_data_layer.models.statistics import UsageGroup, UsageStats
from agentic.layers.L10_human_interface.charts import Line, sparkline
from agentic.layers.L10_human_interface.formats import compact, duration, moment, money, whole
from agentic.layers.L10_human_interface.remembered import Remembered

FRESH: Final = 1.0
SLOWER: Final = 10.0
"""Seconds for which sums over many model calls are good."""
TIMES: Final = 20.0
"""Counts of a long history are good for so many times as long as it takes to count."""
OPEN: Final = tuple(status for status in states.RUN if states.RUN[status])
OPEN_GOALS: Final = tuple(status for status in states.GOAL if states.GOAL[status])
HOUR: Final = timedelta(hours=1)
POINTS: Final = 30
HOURS: Final = 24
USAGE: Final = "/usage"


class _Records(Protocol):
    """What can be counted."""

    def list(self, **query: Any) -> Awaitable[Page[Any]]:
        """One page."""
        ...


class Figure(NamedTuple):
    """One number with what it is made of, and a link to that."""

    name: str
    label: str
    value: str
    note: str
    href: str
    line: Line
    chart: str


class Counts(NamedTuple):
    """How many there are; of runs and goals those that are not over, of approvals and feedback those that wait for a person."""

    agents: int
    events: int
    by_status: dict[str, int]
    runs: int
    tools: int
    approvals: int
    goals: int
    feedback: int

    @property
    def by_section(self) -> dict[str, int]:
        """The numbers beside the names of the sections."""
        names = ("agents", "events", "runs", "tools", "approvals", "goals", "feedback")
        return {name: getattr(self, name) for name in names}


class Figures:
    """Counts and figures, at most a few seconds old and asked for once by all."""

    def __init__(self, l01: L01Client) -> None:
        self._l01 = l01
        self.counts = Remembered(self.count, FRESH)
        self.runs = Remembered(self._runs, FRESH, TIMES)
        self.goals = Remembered(self._goals, FRESH, TIMES)
        self.overview = Remembered(self._overview, FRESH)
        self._usage = Remembered(self._ask_usage, SLOWER)

    async def count(self) -> Counts:
        """Counts, asked for now."""
        l01 = self._l01
        (events, tools, approvals, feedback), (agents, runs, goals) = await asyncio.gather(
            asyncio.gather(
                self._events(),
                _total(l01.tools),
                _total(l01.approvals, status="pending"),
                _total(l01.feedback, processed=False),
            ),
            asyncio.gather(
                _by_status(l01.agents, states.AGENT),
                _by_status(l01.runs, OPEN),
                _by_status(l01.goals, OPEN_GOALS),
            ),
        )
        return Counts(
            sum(agents.values()),
            events,
            agents,
            sum(runs.values()),
            tools,
            approvals,
            sum(goals.values()),
            feedback,
        )

    async def _runs(self) -> dict[str, int]:
        return await _by_status(self._l01.runs, states.RUN)

    async def _goals(self) -> dict[str, int]:
        return await _by_status(self._l01.goals, states.GOAL)

    async def _events(self) -> int:
        return sum(kind["count"] for kind in await self._l01.events.kinds())

    async def _overview(self) -> list[Figure]:
        agents, events, (today, hourly) = await asyncio.gather(
            self._active_agents(), self._events_today(), self._usage()
        )
        return [agents, events, _tokens(today, hourly), _latency(today, hourly)]

    async def _active_agents(self) -> Figure:
        counts, line = await asyncio.gather(self.counts(), self._last_hour(event_type="agent.*"))
        others = [f"{n} {status}" for status, n in counts.by_status.items() if n and status != "active"]
        return Figure(
            "agents",
            "Active agents",
            whole(counts.by_status["active"]),
            ", ".join(others) or "No others",
            "/agents?status=active",
            line,
            "Events of agents in the last hour",
        )

    async def _events_today(self) -> Figure:
        midnight = _midnight()
        today, minute, line = await asyncio.gather(
            self._since(midnight), self._since(now() - timedelta(minutes=1)), self._last_hour()
        )
        return Figure(
            "events",
            "Events today",
            whole(today),
            f"{whole(minute)} in the last minute",
            f"/events?since={timestamp(midnight)}",
            line,
            "Events in the last hour",
        )

    async def _since(self, since: datetime) -> int:
        histogram = await self._l01.events.histogram(since=timestamp(since), buckets=1)
        return histogram["total"]

    async def _last_hour(self, **filters: str) -> Line:
        histogram = await self._l01.events.histogram(since=timestamp(now() - HOUR), buckets=POINTS, **filters)
        return sparkline(histogram["counts"])

    async def _ask_usage(self) -> tuple[UsageStats, list[UsageGroup | None]]:
        """Model calls since midnight, and for each of the last hours."""
        first = now().replace(minute=0, second=0, microsecond=0) - (HOURS - 1) * HOUR
        today, hours = await asyncio.gather(
            self._l01.model_usage_stats(since=timestamp(_midnight())),
            self._l01.model_usage_stats(since=timestamp(first), group_by="hour"),
        )
        found = {moment(group["group"]): group for group in hours["groups"] if group["group"]}
        return today, [found.get(first + index * HOUR) for index in range(HOURS)]


def _tokens(today: UsageStats, hourly: list[UsageGroup | None]) -> Figure:
    total = today["total"]
    used = total["input_tokens"] + total["output_tokens"]
    calls = f"{whole(total['calls'])} call{'' if total['calls'] == 1 else 's'}"
    note = f"{calls}, {money(total['cost_estimate'])} estimated" if total["calls"] else "No model calls yet"
    line = sparkline([group["input_tokens"] + group["output_tokens"] if group else 0 for group in hourly])
    return Figure(
        "tokens",
        "Tokens today",
        compact(used),
        note,
        USAGE,
        line,
        "Tokens in each of the last 24 hours",
    )


def _latency(today: UsageStats, hourly: list[UsageGroup | None]) -> Figure:
    latency = today["total"]["latency_ms"]
    p95, p50 = latency["p95"], latency["p50"]
    value = duration(p95) if p95 is not None else "–"
    note = f"p50 {duration(p50)}" if p50 is not None else "No model calls yet"
    line = sparkline([(group["latency_ms"]["p95"] or 0) if group else 0 for group in hourly])
    chart = "p95 latency of model calls in each of the last 24 hours"
    return Figure("latency", "Model latency p95", value, note, USAGE, line, chart)


async def _total(records: _Records, **filters: Any) -> int:
    page = await records.list(limit=1, total=True, **filters)
    return page.get("total") or 0


async def _by_status(records: _Records, names: Iterable[str]) -> dict[str, int]:
    wanted = list(names)
    totals = await asyncio.gather(*(_total(records, status=name) for name in wanted))
    return dict(zip(wanted, totals, strict=True))


def _midnight() -> datetime:
    """The beginning of the day where the platform runs."""
    return datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
