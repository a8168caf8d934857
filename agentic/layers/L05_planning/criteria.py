"""Whether what came of a plan meets the goal's criteria: the evaluation layer says, where there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Judge(Protocol):
    """What judges; the client of the evaluation layer does."""

    async def judge(
        self, criteria: Sequence[Any], output: Any, *, goal_id: str | None = None
    ) -> list[dict[str, Any]]:
        """For each criterion: `passed` (null when nobody can say), `score`, `reason`."""
        ...


async def verdicts(
    judge: Judge | None, criteria: Sequence[Any], output: Mapping[str, Any], goal_id: str
) -> list[dict[str, Any]]:
    """What is said of each criterion."""
    if judge is None:
        reason = "No evaluation layer runs here: nobody has looked."
        return [{"criterion": each, "passed": None, "score": None, "reason": reason} for each in criteria]
    found = await judge.judge(criteria, output, goal_id=goal_id)
    return [{"criterion": each, **said} for each, said in zip(criteria, found, strict=True)]
