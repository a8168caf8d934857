"""The chart of scores over time, as numbers."""

from __future__ import annotations

from agentic.layers.base.ids import timestamp
from agentic.layers.L01_data_layer.models.statistics import ScoreGroup
from agentic.layers.L10_human_interface.evaluation_sums import chart_of
from agentic.layers.L10_human_interface.time_range import TimeRange


def test_what_is_unusual_after_what_was_before_has_a_dot() -> None:
    time = TimeRange("30d")
    begins = time.begins
    means = [0.8, 0.82] * 10 + [0.2] + [0.81] * 5

    def group(index: int, mean: float) -> ScoreGroup:
        sums = {"count": 9, "scored": 9, "mean": mean, "stddev": 0.1, "min": 0.0, "max": 1.0}
        percentiles = {"p5": mean - 0.1, "p50": mean, "p95": mean + 0.1, "p99": mean + 0.1}
        return {"group": timestamp(begins[index]), **sums, **percentiles}  # type: ignore[typeddict-item]

    chart = chart_of(time, begins, [("", [group(index, mean) for index, mean in enumerate(means)])])
    (dots,) = chart.dots
    assert dots.count("M") == 1 and dots.startswith("M205.0,") and dots.endswith("h0")
    assert [index for index, each in enumerate(chart.columns) if "unusually low" in each.title] == [20]
    assert not any("unusually high" in each.title for each in chart.columns)
    few = chart_of(time, begins, [("", [group(index, mean) for index, mean in enumerate([0.8] * 7 + [0.1])])])
    assert few.dots == [""], "nobody knows yet what is usual"
