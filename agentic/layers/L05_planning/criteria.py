"""Whether what came of a plan meets the goal's criteria: the evaluation layer says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from agentic.layers.base.layer import Context
from agentic.layers.L06_evaluation.client import L06Client


class Judge(Protocol):
    """What judges: the client of the evaluation layer."""

    async def judge(self, criteria: Sequence[Any], output: Any, **case: Any) -> Any:
        """Judges a value: `verdicts` has for each criterion `passed`, `score`, and `rationale` or `refused`."""
        ...


def judge_of(context: Context) -> Judge:
    """The evaluation layer's client."""
    return context.client(L06Client)


async def verdicts(judge: Judge, criteria: Sequence[Any], outputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is said of each criterion. One output alone is judged as it is, several by the steps that gave them."""
    output = next(iter(outputs.values())) if len(outputs) == 1 else dict(outputs)
    found = (await judge.judge(criteria, output))["verdicts"]
    return [_told(criterion, verdict) for criterion, verdict in zip(criteria, found, strict=True)]


def _told(criterion: Any, verdict: Mapping[str, Any]) -> dict[str, Any]:
    refused: Mapping[str, Any] = verdict.get("refused") or {}
    return {
        "criterion": criterion,
        "passed": verdict["passed"],
        "score": verdict["score"],
        "reason": refused.get("detail") or verdict.get("rationale"),
    }
