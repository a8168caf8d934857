"""Scores in sum, in ten-thousandths: added up from sums and from single evaluations alike."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from asyncpg import Record

from agentic.layers.L01_data_layer.models.statistics import Scores

PERCENTILES: Final = (5, 25, 50, 75, 95)


@dataclass
class Tally:
    """Scores in sum, in ten-thousandths; `cells` counts them by value."""

    count: int = 0
    scored: int = 0
    total: int = 0
    squares: int = 0
    lowest: int | None = None
    highest: int | None = None
    cells: Counter[int] = field(default_factory=Counter[int])

    def add(self, other: Tally) -> None:
        """Takes another in."""
        self.count += other.count
        self.scored += other.scored
        self.total += other.total
        self.squares += other.squares
        self.lowest = min((each for each in (self.lowest, other.lowest) if each is not None), default=None)
        self.highest = max((each for each in (self.highest, other.highest) if each is not None), default=None)
        self.cells.update(other.cells)

    def scores(self) -> Scores:
        """As it is told."""
        p5, p25, p50, p75, p95 = map(_score, self._percentiles())
        return {
            "count": self.count,
            "scored": self.scored,
            "mean": _score(self.total / self.scored) if self.scored else None,
            "min": _score(self.lowest),
            "max": _score(self.highest),
            "stddev": _score(self._deviation()),
            "p5": p5,
            "p25": p25,
            "p50": p50,
            "p75": p75,
            "p95": p95,
        }

    def _deviation(self) -> float | None:
        """Of a sample; none for less than two values."""
        if self.scored < 2:
            return None
        return math.sqrt(
            max(0, self.squares * self.scored - self.total**2) / (self.scored * (self.scored - 1))
        )

    def _percentiles(self) -> list[int | None]:
        """For each, the lowest value that at least this part of the values does not exceed."""
        found: list[int | None] = []
        values = iter(sorted(self.cells.items()))
        value, upto = None, 0
        for rank in PERCENTILES:
            while upto * 100 < rank * self.scored:
                value, n = next(values)
                upto += n
            found.append(value)
        return found


def tally_of(row: Record) -> Tally:
    """Evaluations that have the same score, or none."""
    value, n = row["value"], row["n"]
    if value is None:
        return Tally(count=n)
    return Tally(n, n, value * n, value * value * n, value, value, Counter({value: n}))


def together(tallies: Iterable[Tally]) -> Tally:
    """All of them in one."""
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def _score(value: float | None) -> float | None:
    return None if value is None else round(value / 10_000, 4)
