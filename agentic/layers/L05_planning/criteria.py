"""Whether what came of a plan meets the goal's criteria: the evaluation layer says, where there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, Protocol

from agentic.layers.base.layer import Context

CLIENT: Final = "agentic.layers.L06_evaluation.client"


class Judge(Protocol):
    """What judges: the client of the evaluation layer."""

    async def judge(self, criteria: Sequence[Any], output: Any, **case: Any) -> Any:
        """Judges a value: `verdicts` has for each criterion `passed`, `score`, and `rationale` or `refused`."""
        ...


def judge_of(context: Context) -> Judge | None:
    """The evaluation layer's client; none where this platform has no such layer."""
    if find_spec(CLIENT) is None:
        return None
    judge: Judge = context.client(import_module(CLIENT).L06Client)
    return judge


async def verdicts(
    judge: Judge | None, criteria: Sequence[Any], outputs: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What is said of each criterion. One output alone is judged as it is, several by the steps that gave them."""
    if judge is None:
        reason = "This platform has no evaluation layer: nobody has looked."
        return [{"criterion": each, "passed": None, "score": None, "reason": reason} for each in criteria]
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
