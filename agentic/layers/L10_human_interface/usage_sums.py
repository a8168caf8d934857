"""What model calls used and cost: in sum, over time, by model, provider and agent; and what budgets have left."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from agentic.layers.base.ids import timestamp
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.budget import Budget, BudgetLeft
from agentic.layers.L01_data_layer.models.model_usage import ModelUsage
from agentic.layers.L01_data_layer.models.statistics import Usage, UsageGroup
from agentic.layers.L10_human_interface.charts import Columns, Curves, columns, curves
from agentic.layers.L10_human_interface.formats import duration, micros, moment, whole
from agentic.layers.L10_human_interface.remembered_each import RememberedEach
from agentic.layers.L10_human_interface.rows import AgentNames
from agentic.layers.L10_human_interface.run_lines import priced
from agentic.layers.L10_human_interface.time_range import TimeRange
from agentic.layers.L10_human_interface.usage_query import UsageQuery

FRESH: Final = 5.0
TIMES: Final = 20.0
GROUPS: Final = 10
PAGE: Final = 1000
BUDGETS: Final = 100


class GroupRow(NamedTuple):
    """What one model, provider or agent used."""

    name: str
    href: str
    usage: Usage


class GroupTable(NamedTuple):
    """The groups that had the most calls; `more` when there are others."""

    title: str
    rows: list[GroupRow]
    more: bool


class Charts(NamedTuple):
    """Tokens, cost and latency over time."""

    tokens: Columns
    cost: Columns
    latency: Curves
    since: str
    until: str


class Sums(NamedTuple):
    """Everything that is summed."""

    total: Usage
    charts: Charts | None
    tables: list[GroupTable]


class BudgetRow(NamedTuple):
    """A budget with what is left of it. The parts are between 0 and 1; none where there is no limit."""

    budget: Budget
    left: BudgetLeft
    of: str
    href: str
    tokens: float | None
    cost: float | None


class UsageSums:
    """Sums, remembered for those who look at the same."""

    def __init__(self, l01: L01Client, names: AgentNames) -> None:
        self._l01 = l01
        self._names = names
        self._sums = RememberedEach(self._ask, FRESH, TIMES)

    async def of(self, query: UsageQuery) -> Sums:
        """The sums of what a query shows."""
        return await self._sums(query.sums)

    async def _ask(self, query: UsageQuery) -> Sums:
        return await (self._of_run(query.run_id) if query.run_id else self._of_range(query))

    async def _of_range(self, query: UsageQuery) -> Sums:
        since = {"since": timestamp(query.since)} if query.since else {}
        begins = query.time.begins
        ask = self._l01.model_usage_stats
        recent = {"since": timestamp(begins[0]), "agent_id": query.agent_id}
        times, *groups = await asyncio.gather(
            ask(**recent, group_by=query.time.by, limit=len(begins) + 1),
            *(
                ask(**since, agent_id=query.agent_id, group_by=name, limit=GROUPS)
                for name in ("model", "provider", "agent")
            ),
        )
        found = {moment(group["group"]): group for group in times["groups"] if group["group"]}
        charts = _charts([found.get(begin) for begin in begins], query.time, begins)
        tables = [
            GroupTable(
                title, [await self._row(query, kind, group) for group in stats["groups"]], stats["more"]
            )
            for (title, kind), stats in zip(
                (("Model", "model_name"), ("Provider", "model_provider"), ("Agent", "agent_id")),
                groups,
                strict=True,
            )
        ]
        return Sums(groups[0]["total"], charts, tables)

    async def _row(self, query: UsageQuery, kind: str, group: UsageGroup) -> GroupRow:
        key = group["group"]
        name = key or "none"
        if kind == "agent_id" and key:
            name = await self._names.name(key) or key
        changes: dict[str, Any] = {kind: key}
        return GroupRow(name, query.href(**changes) if key else "", group)

    async def _of_run(self, run_id: str) -> Sums:
        calls = [call async for call in self._l01.model_usage.all(run_id=run_id, limit=PAGE)]
        over = [call for call in calls if call["status"] != "reserved"]
        return Sums(_usage(over), None, [])

    async def budgets(self) -> list[BudgetRow]:
        """The budgets that there are."""
        found = (await self._l01.budgets.list(limit=BUDGETS))["items"]
        return await asyncio.gather(*map(self._budget, found))

    async def _budget(self, budget: Budget) -> BudgetRow:
        left = await self._l01.budgets.left(budget["id"])
        subject, of, href = budget["subject"], budget["subject"] or "", ""
        if budget["scope"] == "agent" and subject:
            of, href = await self._names.name(subject) or subject, f"/agents/{subject}"
        elif budget["scope"] == "run" and subject:
            href = f"/runs/{subject}"
        tokens = _part(left["spent"]["tokens"], budget["max_tokens"])
        return BudgetRow(budget, left, of, href, tokens, _part(left["spent"]["cost"], budget["max_cost"]))


def _part(spent: float | None, most: float | None) -> float | None:
    if most is None:
        return None
    return 1.0 if not most else min((spent or 0) / most, 1.0)


def _usage(calls: Sequence[ModelUsage]) -> Usage:
    times = sorted(call["latency_ms"] for call in calls if call["latency_ms"] is not None)
    return {
        "calls": len(calls),
        "unpriced": sum(not priced(call) for call in calls),
        "input_tokens": sum(call["input_tokens"] for call in calls),
        "output_tokens": sum(call["output_tokens"] for call in calls),
        "cost_estimate": round(sum(call["cost_estimate"] or 0 for call in calls), 6),
        "latency_ms": {
            "mean": round(sum(times) / len(times), 3) if times else None,
            "p50": _rank(times, 0.5),
            "p95": _rank(times, 0.95),
            "p99": _rank(times, 0.99),
        },
    }


def _rank(ordered: Sequence[int], part: float) -> int | None:
    return ordered[math.ceil(part * len(ordered)) - 1] if ordered else None


def _charts(groups: Sequence[UsageGroup | None], time: TimeRange, begins: Sequence[datetime]) -> Charts:
    when = [time.written(begin) for begin in begins]
    into = [group["input_tokens"] if group else 0 for group in groups]
    out = [group["output_tokens"] if group else 0 for group in groups]
    cost = [group["cost_estimate"] if group else 0 for group in groups]
    p50 = [group["latency_ms"]["p50"] if group else None for group in groups]
    p95 = [group["latency_ms"]["p95"] if group else None for group in groups]
    tokens_said = [f"{t}: {whole(i)} in, {whole(o)} out" for t, i, o in zip(when, into, out, strict=True)]
    cost_said = [f"{t}: {micros(c)}" for t, c in zip(when, cost, strict=True)]
    latency_said = [
        f"{t}: {'no calls' if a is None or b is None else f'p50 {duration(a)}, p95 {duration(b)}'}"
        for t, a, b in zip(when, p50, p95, strict=True)
    ]
    return Charts(
        columns([into, out], tokens_said),
        columns([cost], cost_said),
        curves([p50, p95], latency_said),
        timestamp(begins[0]),
        timestamp(begins[-1]),
    )
