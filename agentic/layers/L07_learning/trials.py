"""Trials: the agent runs on training cases with other instructions, and evaluators say how good it was, and why not better."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from agentic.layers.base import jsonio
from agentic.layers.L02_agent_runtime.jobs import ChildRun, RunContext
from agentic.layers.L06_evaluation.client import L06Client
from agentic.layers.L07_learning.candidates import Candidate, TrainingCase, Tried


class CannotScoreError(Exception):
    """An evaluator gave no score, so nothing can be compared."""


class Trials:
    """The trials of one improvement. Each is a run of the agent, below that of the job."""

    def __init__(
        self,
        ctx: RunContext,
        l06: Callable[[], L06Client],
        agent_id: str,
        evaluators: Sequence[Any],
        at_once: int,
    ) -> None:
        self._ctx = ctx
        self._l06 = l06
        self._agent_id = agent_id
        self._evaluators = evaluators
        self._limit = asyncio.Semaphore(at_once)
        self.runs = 0
        """How many there were so far: the number of the next, by which its steps are found again."""

    async def run(self, candidate: Candidate, cases: Sequence[TrainingCase]) -> None:
        """Tries a candidate on cases that it was not tried on yet.

        Raises:
            CannotScoreError: an evaluator cannot say how good an answer is.
        """
        missing = [case for case in cases if case.id not in candidate.tried]
        first, self.runs = self.runs, self.runs + len(missing)
        ends = await asyncio.gather(
            *(
                self._ctx.branch(first + index, lambda case=case: self._one(candidate, case))
                for index, case in enumerate(missing)
            )
        )
        candidate.tried.update({case.id: end for case, end in zip(missing, ends, strict=True)})

    async def _one(self, candidate: Candidate, case: TrainingCase) -> Tried:
        async with self._limit:
            child = await self._ctx.child(
                self._agent_id, case.input, configuration={"instructions": candidate.instructions}
            )
            if child.status != "completed":
                reason = (child.error or {}).get("detail", "no reason is known")
                return Tried(0.0, child.output, f"The run is {child.status}: {reason}", child.run_id)
            said = await self._ctx.step("judge", self._judge, child, case)
            if said["score"] is None:
                raise CannotScoreError(said["why"])
            return Tried(said["score"], child.output, said["why"], child.run_id)

    async def _judge(self, child: ChildRun, case: TrainingCase) -> dict[str, Any]:
        judgement = await self._l06().judge(
            self._evaluators, child.output, input=case.input, expected=case.expected, run_id=child.run_id
        )
        if judgement["score"] is None:
            refused = [each["refused"] for each in judgement["verdicts"] if each["refused"] is not None]
            return {"score": None, "why": "; ".join(each["detail"] for each in refused)}
        why = [
            f"{each['name']}: {each['score']:.2f}{_because(each['rationale'])}"
            for each in judgement["verdicts"]
        ]
        if case.expected is not None:
            why.append(f"expected: {_text(case.expected)}")
        return {"score": judgement["score"], "why": "; ".join(why)}


def _because(rationale: str | None) -> str:
    return f", {rationale}" if rationale else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else jsonio.encode(value).decode()
