"""What statistics are asked for and what they answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation, Query
from agentic.layers.L01_data_layer.models.fields import Id, Kind, Moment, Wanted
from agentic.layers.L01_data_layer.models.resource import WHOLE, Limit


class UsageStatsQuery(Query):
    """Which model calls, and by what they are grouped; of more groups than `limit` the largest, or the latest, are given."""

    agent_id: Id | None = None
    since: Moment | None = None
    until: Moment | None = None
    group_by: Literal["model", "provider", "agent", "day", "hour"] | None = None
    limit: Limit = 100


class Latency(TypedDict):
    """How long calls took, in milliseconds; null when no call said."""

    mean: float | None
    p50: int | None
    p95: int | None
    p99: int | None


class Usage(TypedDict):
    """What some model calls used and cost, in sum. The cost is without the `unpriced` ones, whose price nobody knows."""

    calls: int
    unpriced: int
    input_tokens: int
    output_tokens: int
    cost_estimate: float
    latency_ms: Latency


class UsageGroup(Usage):
    """One group: a model's or provider's name, an agent's id, or the moment at which the day or hour begins (UTC)."""

    group: str | None


class UsageStats(TypedDict):
    """All calls together, and by groups; `more` when there are more groups than were asked for."""

    total: Usage
    groups: list[UsageGroup]
    more: bool


class ToolStatsQuery(Query):
    """How many of the newest executions of each tool are looked at."""

    recent: Annotated[int, Field(ge=1, le=10_000), WHOLE] = 1000


class ToolStats(TypedDict):
    """What the newest executions of a tool were like; `more` when there are older ones that are not counted.

    `errors` ended with an error or took too long; times are in milliseconds, null when none is known.
    """

    tool_id: str
    calls: int
    errors: int
    unknown: int
    p50: int | None
    p95: int | None
    last_at: str | None
    more: bool


class ToolsStats(TypedDict):
    """Every tool."""

    items: list[ToolStats]


class ScoreStatsQuery(Query):
    """Which of an agent's evaluations."""

    evaluation_type: Kind | None = None
    since: Moment | None = None
    until: Moment | None = None


class Scores(TypedDict):
    """How scores are spread: `count` evaluations, of which `scored` have a score; the rest is null when none has.

    Percentiles are the nearest rank; what is older than about an hour is in them to a hundredth.
    """

    count: int
    scored: int
    mean: float | None
    min: float | None
    max: float | None
    stddev: float | None
    p5: float | None
    p25: float | None
    p50: float | None
    p75: float | None
    p95: float | None


class ScoresOfType(Scores):
    """The scores of one type of evaluation."""

    evaluation_type: str


class ScoreStatsOfQuery(Query):
    """Which evaluations, and by what they are grouped; of more groups than `limit` the largest, or the latest, are given."""

    agent_id: Id | None = None
    evaluation_type: Wanted | None = None
    since: Moment | None = None
    until: Moment | None = None
    group_by: Literal["type", "agent", "day", "hour"] | None = None
    limit: Limit = 100


class ScoreGroup(Scores):
    """One group: a type, an agent's id (null: of none), or the moment at which the day or hour begins (UTC)."""

    group: str | None


class ScoreStats(TypedDict):
    """All evaluations together, and by groups; `more` when there are more groups than were asked for."""

    total: Scores
    groups: list[ScoreGroup]
    more: bool


class Trend(TypedDict):
    """The mean of the latest scores (up to 20), of as many before them, and how the one differs from the other."""

    recent: float | None
    before: float | None
    change: float | None


class AgentStats(Scores):
    """The evaluations of one agent: all together, by type, and where they are going."""

    agent_id: str
    by_type: list[ScoresOfType]
    trend: Trend


USAGE_STATS = Operation(
    "model_usage.stats", "GET", "/model-usage/stats", query=UsageStatsQuery, result=UsageStats
)
TOOL_STATS = Operation("tool.stats", "GET", "/tools/stats", query=ToolStatsQuery, result=ToolsStats)
AGENT_STATS = Operation(
    "evaluation.agent_stats",
    "GET",
    "/evaluations/agent/{agent_id}/stats",
    query=ScoreStatsQuery,
    result=AgentStats,
)
SCORE_STATS = Operation(
    "evaluation.stats", "GET", "/evaluations/stats", query=ScoreStatsOfQuery, result=ScoreStats
)
