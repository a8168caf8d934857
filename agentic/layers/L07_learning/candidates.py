"""What might become of an agent's instructions: each candidate with its score on every training case that it was tried on.

Who is changed next is drawn as GEPA does it: among the candidates that are best on some case, the more likely the more cases they
are best on. So one that is good where the others are not is kept, although its mean may be lower.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

PERFECT = 1.0


@dataclass(frozen=True)
class TrainingCase:
    """A case that may be learned from."""

    id: str
    input: Any
    expected: Any


@dataclass(frozen=True)
class Tried:
    """What came of one case: the score, and in words why it is not higher."""

    score: float
    output: Any
    why: str
    run_id: str


@dataclass
class Candidate:
    """Instructions, and how they did on the training cases."""

    instructions: str
    method: str = "before"
    tried: dict[str, Tried] = field(default_factory=dict[str, Tried])

    def mean(self, case_ids: Sequence[str]) -> float:
        """The mean score on these cases."""
        return fmean(self.tried[case_id].score for case_id in case_ids)


class Pool:
    """The candidates that were tried on all training cases; the first is what the agent has now."""

    def __init__(self, first: Candidate, cases: Sequence[TrainingCase]) -> None:
        self.cases = cases
        self._ids = [case.id for case in cases]
        self.candidates = [first]

    @property
    def best(self) -> Candidate:
        """The one with the highest mean; of equals, the first."""
        return max(self.candidates, key=self.mean)

    def mean(self, candidate: Candidate) -> float:
        """Its mean score on all training cases."""
        return candidate.mean(self._ids)

    def knows(self, instructions: str) -> bool:
        """Whether these instructions were tried already."""
        return any(each.instructions == instructions for each in self.candidates)

    def draw(self, rng: random.Random) -> Candidate:
        """The one to be changed next."""
        bests: Counter[int] = Counter()
        for case_id in self._ids:
            top = max(each.tried[case_id].score for each in self.candidates)
            bests.update(
                index for index, each in enumerate(self.candidates) if each.tried[case_id].score == top
            )
        indexes = sorted(bests)
        return self.candidates[rng.choices(indexes, [bests[index] for index in indexes])[0]]

    def failures(self, candidate: Candidate, most: int, rng: random.Random) -> list[TrainingCase]:
        """Cases at which a candidate is not perfect, the worst first; of equals, any."""
        drawn = {case.id: rng.random() for case in self.cases}
        failed = [case for case in self.cases if candidate.tried[case.id].score < PERFECT]
        return sorted(failed, key=lambda case: (candidate.tried[case.id].score, drawn[case.id]))[:most]
