"""Whether a run cost no more, and took no longer, than it may."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from agentic.layers.L06_evaluation.errors import CannotJudgeError
from agentic.layers.L06_evaluation.evaluators.evaluator import Evaluator, Finding, Means, Subject

Limit = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Cost(Evaluator):
    """1 for a run that cost no more than `limit` US dollars; one that cost twice as much has half."""

    passes_from: ClassVar[float] = 1.0

    kind: Literal["cost"]
    limit: Limit

    async def look(self, subject: Subject, means: Means) -> Finding:
        """Looks at what the run cost."""
        cost = float(subject.the_run()["cost"])
        return within(cost, self.limit, f"It cost {cost:.6g} US dollars.", "cost")


class Latency(Evaluator):
    """1 for a run that took no more than `limit` seconds from its start to its end; one that took twice as long has half."""

    passes_from: ClassVar[float] = 1.0

    kind: Literal["latency"]
    limit: Limit

    async def look(self, subject: Subject, means: Means) -> Finding:
        """Looks at when the run began and ended."""
        run = subject.the_run()
        if run["started_at"] is None or run["completed_at"] is None:
            raise CannotJudgeError("The run is not over.")
        took = datetime.fromisoformat(run["completed_at"]) - datetime.fromisoformat(run["started_at"])
        seconds = took.total_seconds()
        return within(seconds, self.limit, f"It took {seconds:.3g} s.", "seconds")


def within(value: float, limit: float, told: str, name: str) -> Finding:
    """1 up to the limit, and beyond it the less the farther."""
    return Finding(1.0 if value <= limit else limit / value, told, {name: value})
