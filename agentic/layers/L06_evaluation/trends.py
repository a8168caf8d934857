"""How scores go: over time, with what is unusual; and now against before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.base.unusual import deviation_of
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.statistics import ScoreGroup
from agentic.layers.L06_evaluation.models import (
    Point,
    Regression,
    RegressionQuery,
    Series,
    SeriesQuery,
    Spread,
)
from agentic.layers.L06_evaluation.statistics import slope, welch_p_value

DAY: Final = 86_400.0
BEFORE: Final = 90
"""Hours or days before one that say what is usual for it."""


class Trends:
    """Statistics over the evaluations that the data layer has."""

    def __init__(self, l01: Callable[[], L01Client]) -> None:
        self._l01 = l01

    async def series(self, call: Call) -> Answer:
        """Scores by hour or day; the newest 1000 of them."""
        query = validated(SeriesQuery, call.query)
        stats = await self._l01().score_stats(
            agent_id=query.agent_id,
            evaluation_type=query.evaluation_type,
            since=query.since,
            until=query.until,
            group_by=query.bucket,
            limit=1000,
        )
        return Answer(jsonio.encode(series_of(stats["groups"], query.threshold)))

    async def regression(self, call: Call) -> Answer:
        """Scores since a moment, against those before it or another agent's."""
        query = validated(RegressionQuery, call.query)
        kind: dict[str, Any] = {"evaluation_type": query.evaluation_type}
        current = await self._spread(agent_id=query.agent_id, since=query.since, **kind)
        if query.baseline_agent_id is not None:
            before = {"agent_id": query.baseline_agent_id, "since": query.baseline_since or query.since}
        else:
            before = {"agent_id": query.agent_id, "since": query.baseline_since, "until": query.since}
        baseline = await self._spread(**before, **kind)
        found = regression_of(current, baseline, query.margin, query.confidence)
        return Answer(jsonio.encode(found))

    async def _spread(self, **query: Any) -> Spread:
        total = (await self._l01().score_stats(**query))["total"]
        return {"count": total["scored"], "mean": total["mean"], "stddev": total["stddev"]}


def series_of(groups: list[ScoreGroup], threshold: float) -> Series:
    """A series, oldest first, each point held against those before it."""
    points: list[Point] = []
    means: list[tuple[float, float]] = []
    for group in sorted(groups, key=lambda each: str(each["group"])):
        mean = group["mean"]
        deviation = None
        if mean is not None:
            deviation = deviation_of(mean, [value for _, value in means[-BEFORE:]])
            means.append((datetime.fromisoformat(str(group["group"])).timestamp() / DAY, mean))
        points.append(
            {
                "at": str(group["group"]),
                "count": group["count"],
                "mean": mean,
                "deviation": deviation,
                "anomaly": deviation is not None and abs(deviation) >= threshold,
            }
        )
    change = slope(means[-BEFORE:])
    return {
        "points": points,
        "slope": None if change is None else round(change, 6),
        "anomalies": sum(point["anomaly"] for point in points),
    }


def regression_of(current: Spread, baseline: Spread, margin: float, confidence: float) -> Regression:
    """Whether scores are worse than others by more than a margin, and not by chance."""
    if current["mean"] is None or baseline["mean"] is None:
        reason = "there are no scores on one side"
        return _unknown(current, baseline, None, reason)
    difference = round(current["mean"] - baseline["mean"], 6)
    p_value = welch_p_value(
        current["mean"] + margin,
        current["stddev"] or 0.0,
        current["count"],
        baseline["mean"],
        baseline["stddev"] or 0.0,
        baseline["count"],
    )
    if p_value is None:
        return _unknown(current, baseline, difference, "there are too few scores on one side")
    return {
        "current": current,
        "baseline": baseline,
        "difference": difference,
        "p_value": round(p_value, 6),
        "regressed": difference < -margin and p_value < 1 - confidence,
    }


def _unknown(current: Spread, baseline: Spread, difference: float | None, reason: str) -> Regression:
    return {
        "current": current,
        "baseline": baseline,
        "difference": difference,
        "p_value": None,
        "regressed": False,
        "reason": reason,
    }
