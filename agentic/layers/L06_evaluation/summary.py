"""What an experiment came to, from its results: means of items, over their repeats, with where the truth lies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

from agentic.layers.L01_data_layer.models.experiment import ExperimentResult
from agentic.layers.L06_evaluation.models import (
    ArmSummary,
    ComparisonSummary,
    ExperimentSummary,
    Interval,
)
from agentic.layers.L06_evaluation.statistics import interval, paired_p_value

SAME = 1e-9
ScoreOf = Callable[[ExperimentResult], float | None]


def summarise(results: Sequence[ExperimentResult], margin: float, confidence: float) -> ExperimentSummary:
    """The summary of all results of an experiment."""
    subject = [result for result in results if result["arm"] == "subject"]
    baseline = [result for result in results if result["arm"] == "baseline"]
    return {
        "items": len({result["item_id"] for result in results}),
        "subject": _arm(subject, confidence),
        "baseline": _arm(baseline, confidence) if baseline else None,
        "comparison": _compared(subject, baseline, margin, confidence),
        "stopped": None,
    }


def _arm(results: Sequence[ExperimentResult], confidence: float) -> ArmSummary:
    by_item = by_items(results, _score)
    latencies = [result["latency_ms"] for result in results if result["latency_ms"] is not None]
    return {
        "tries": len(results),
        "scored": sum(result["score"] is not None for result in results),
        "failed": sum(result["error"] is not None for result in results),
        "reused": sum(result["reused"] for result in results),
        "score": interval(list(by_item.values()), confidence) if by_item else None,
        "by_evaluator": {
            name: interval(list(means.values()), confidence)
            for name in _evaluators(results)
            if (means := by_items(results, _by(name)))
        },
        "cost": round(sum(float(result["cost"] or 0) for result in results if not result["reused"]), 6),
        "latency_ms": round(fmean(latencies), 1) if latencies else None,
    }


def _compared(
    subject: Sequence[ExperimentResult],
    baseline: Sequence[ExperimentResult],
    margin: float,
    confidence: float,
) -> ComparisonSummary | None:
    differences = _differences(subject, baseline, _score)
    if not differences:
        return None
    difference = interval(differences, confidence)
    by_evaluator: dict[str, Interval] = {}
    for name in _evaluators([*subject, *baseline]):
        if of_this := _differences(subject, baseline, _by(name)):
            by_evaluator[name] = interval(of_this, confidence)
    return {
        "items": len(differences),
        "difference": difference,
        "p_value": round(paired_p_value(differences), 6),
        "better": sum(each > SAME for each in differences),
        "worse": sum(each < -SAME for each in differences),
        "same": sum(abs(each) <= SAME for each in differences),
        "regressed": difference["high"] < -margin,
        "improved": difference["low"] > margin,
        "by_evaluator": by_evaluator,
    }


def _differences(
    subject: Sequence[ExperimentResult], baseline: Sequence[ExperimentResult], score_of: ScoreOf
) -> list[float]:
    """Of each item that both have a score for."""
    ones, others = by_items(subject, score_of), by_items(baseline, score_of)
    return [one - others[item] for item, one in ones.items() if item in others]


def by_items(results: Iterable[ExperimentResult], score_of: ScoreOf) -> dict[str, float]:
    """The mean score of each item over its repeats, in the order of the items."""
    scores: dict[str, list[float]] = {}
    for result in sorted(results, key=lambda each: (each["item_id"], each["repeat"])):
        if (score := score_of(result)) is not None:
            scores.setdefault(result["item_id"], []).append(float(score))
    return {item: fmean(found) for item, found in scores.items()}


def _score(result: ExperimentResult) -> float | None:
    return result["score"]


def _by(name: str) -> ScoreOf:
    return lambda result: result["scores"].get(name)


def _evaluators(results: Iterable[ExperimentResult]) -> list[str]:
    return list(dict.fromkeys(name for result in results for name in result["scores"]))
