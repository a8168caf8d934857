"""Whether it is what was expected, and nothing else."""

from __future__ import annotations

from typing import Any, Literal

from agentic.layers.L06_evaluation.evaluators.evaluator import Comparing, Finding, Means, Subject


class Exact(Comparing):
    """1 when the output is the same as `value`, or as what was expected, and 0 otherwise. Space around text does not count."""

    kind: Literal["exact"]
    ignore_case: bool = False

    async def look(self, subject: Subject, means: Means) -> Finding:
        """Compares the two."""
        same = self._plain(subject.output) == self._plain(self.wanted(subject))
        return Finding(float(same), None if same else "It is not what was expected.")

    def _plain(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return value.strip().casefold() if self.ignore_case else value.strip()
