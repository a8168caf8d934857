"""How well agents do: scores in sum, over time with their band, by agent and by type; and two agents side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from agentic.layers.base.ids import timestamp
from agentic.layers.base.unusual import UNUSUAL, deviation_of
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.statistics import ScoreGroup, Scores
from agentic.layers.L10_human_interface.charts import TALL, WIDE, Column, band, curves, dots, thread
from agentic.layers.L10_human_interface.evaluations_query import EvaluationsQuery
from agentic.layers.L10_human_interface.formats import moment, score, whole
from agentic.layers.L10_human_interface.remembered_each import RememberedEach
from agentic.layers.L10_human_interface.rows import AgentNames
from agentic.layers.L10_human_interface.time_range import TimeRange

FRESH: Final = 5.0
TIMES: Final = 20.0
GROUPS: Final = 10

Groups = Sequence[ScoreGroup]


class ScoreChart(NamedTuple):
    """Mean scores over time; each line has a band, in which nine of ten scores lie, and dots where it is unusual."""

    paths: list[str]
    bands: list[str]
    dots: list[str]
    columns: list[Column]
    width: int
    height: int


class ScoreRow(NamedTuple):
    """The scores of one agent or type, and its means over time as a small line."""

    name: str
    href: str
    scores: Scores
    line: str


class ScoreTable(NamedTuple):
    """The groups with the most evaluations; `more` when there are others."""

    title: str
    rows: list[ScoreRow]
    more: bool


class ScoreSums(NamedTuple):
    """Everything that is summed."""

    total: Scores
    chart: ScoreChart
    tables: list[ScoreTable]
    since: str
    small: tuple[int, int]
    """Width and height of the lines in the tables."""


class TypePair(NamedTuple):
    """The scores of two agents by one type of evaluation; one is none where it has none."""

    name: str
    a: Scores | None
    b: Scores | None
    difference: float | None


class AgentPair(NamedTuple):
    """Two agents side by side."""

    a: Scores
    b: Scores
    types: list[TypePair]
    chart: ScoreChart


class EvaluationSums:
    """Sums, remembered for those who look at the same."""

    def __init__(self, l01: L01Client, names: AgentNames) -> None:
        self._l01 = l01
        self._names = names
        self.of = RememberedEach(self._ask, FRESH, TIMES)

    async def _ask(self, query: EvaluationsQuery) -> ScoreSums:
        time, begins = query.time, query.time.begins
        filters: dict[str, Any] = {
            "agent_id": query.agent_id,
            "evaluation_type": query.evaluation_type,
            "since": timestamp(begins[0]),
        }
        ask = self._l01.score_stats
        over_time, agents, types = await asyncio.gather(
            ask(**filters, group_by=time.by, limit=len(begins) + 1),
            ask(**filters, group_by="agent", limit=GROUPS),
            ask(**filters, group_by="type", limit=GROUPS),
        )
        by_agent, by_type = await asyncio.gather(
            self._rows(query, "agent_id", filters, agents["groups"]),
            self._rows(query, "evaluation_type", filters, types["groups"]),
        )
        return ScoreSums(
            over_time["total"],
            chart_of(time, begins, [("", over_time["groups"])]),
            [ScoreTable("Agent", by_agent, agents["more"]), ScoreTable("Type", by_type, types["more"])],
            timestamp(begins[0]),
            (WIDE * len(begins), TALL),
        )

    async def _rows(
        self, query: EvaluationsQuery, name: str, filters: Mapping[str, Any], groups: Groups
    ) -> list[ScoreRow]:
        """The rows of groups by agent or type, each with its own means over time."""
        return await asyncio.gather(*(self._row(query, name, filters, group) for group in groups))

    async def _row(
        self, query: EvaluationsQuery, name: str, filters: Mapping[str, Any], group: ScoreGroup
    ) -> ScoreRow:
        key = group["group"]
        if key is None:
            return ScoreRow("none", "", group, "")
        begins = query.time.begins
        own = {**filters, name: key}
        over_time = await self._l01.score_stats(**own, group_by=query.time.by, limit=len(begins) + 1)
        line = thread([each and each["mean"] for each in _by_time(begins, over_time["groups"])])
        title = await self._names.name(key) if name == "agent_id" else ""
        return ScoreRow(title or key, query.href(**{name: key}), group, line)

    async def pair(self, time: TimeRange, a: str, b: str) -> AgentPair:
        """Two agents within a time: by type, and over time."""
        begins = time.begins
        ask = self._l01.score_stats
        since = timestamp(begins[0])
        found = await asyncio.gather(
            *(
                ask(agent_id=agent, since=since, group_by=by, limit=len(begins) + 1)
                for agent in (a, b)
                for by in ("type", time.by)
            )
        )
        types_a, times_a, types_b, times_b = found
        names = await asyncio.gather(*map(self._names.name, (a, b)))
        series = list(zip(names, (times_a["groups"], times_b["groups"]), strict=True))
        return AgentPair(
            types_a["total"],
            types_b["total"],
            _paired(types_a["groups"], types_b["groups"]),
            chart_of(time, begins, series),
        )


def chart_of(time: TimeRange, begins: Sequence[datetime], series: Sequence[tuple[str, Groups]]) -> ScoreChart:
    """Named series of groups, each of which is a column in time, as lines with their bands."""
    columns = [_by_time(begins, groups) for _, groups in series]
    means = [[group and group["mean"] for group in column] for column in columns]
    deviations = [_deviations(values) for values in means]
    titles = [
        f"{time.written(begin)}: "
        + "; ".join(
            _said(name, c[i], d[i]) for (name, _), c, d in zip(series, columns, deviations, strict=True)
        )
        for i, begin in enumerate(begins)
    ]
    drawn = curves(means, titles, top=1)
    marked = [
        dots([value if far else None for value, far in zip(values, found, strict=True)])
        for values, found in zip(means, deviations, strict=True)
    ]
    bands = [band([g and g["p5"] for g in column], [g and g["p95"] for g in column]) for column in columns]
    return ScoreChart(drawn.paths, bands, marked, drawn.columns, drawn.width, drawn.height)


def _by_time(begins: Sequence[datetime], groups: Groups) -> list[ScoreGroup | None]:
    found = {moment(group["group"]): group for group in groups if group["group"]}
    return [found.get(begin) for begin in begins]


def _deviations(means: Sequence[float | None]) -> list[float | None]:
    """How far each mean is from those before it in the chart, where it is unusually far."""
    before: list[float] = []
    found: list[float | None] = []
    for mean in means:
        deviation = None if mean is None else deviation_of(mean, before)
        found.append(deviation if deviation is not None and abs(deviation) >= UNUSUAL else None)
        before += [] if mean is None else [mean]
    return found


def _said(name: str, group: ScoreGroup | None, deviation: float | None) -> str:
    if group is None or group["mean"] is None:
        return f"{name} no scores".strip()
    spread = f"mean {score(group['mean'])} of {whole(group['count'])}, most of them {score(group['p5'])} to {score(group['p95'])}"
    unusual = "" if deviation is None else f", unusually {'low' if deviation < 0 else 'high'}"
    return f"{name} {spread}{unusual}".strip()


def _paired(a: Groups, b: Groups) -> list[TypePair]:
    first, second = ({group["group"] or "": group for group in groups} for groups in (a, b))
    pairs: list[TypePair] = []
    for name in dict.fromkeys((*first, *second)):
        one, other = first.get(name), second.get(name)
        means = (one and one["mean"], other and other["mean"])
        difference = None if None in means else round((means[1] or 0) - (means[0] or 0), 4)
        pairs.append(TypePair(name, one, other, difference))
    return pairs
