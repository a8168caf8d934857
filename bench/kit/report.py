"""What a benchmark prints: a table of medians for each case, notes, and the targets with the verdict on each."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.kit.sample import Sample, median_sample


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that was promised, and what it came to."""

    what: str
    promised: float
    measured: float
    unit: str
    at_least: bool

    @property
    def met(self) -> bool:
        return self.measured >= self.promised if self.at_least else self.measured <= self.promised

    def cells(self) -> list[str]:
        sign = "≥" if self.at_least else "≤"
        promised, measured = (f"{value:.3g} {self.unit}" for value in (self.promised, self.measured))
        return [self.what, f"{sign} {promised}", measured, "pass" if self.met else "MISS"]


def _table(rows: list[list[str]]) -> list[str]:
    """Columns as wide as they need: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        [cell.ljust(width) if not index else cell.rjust(width) for index, (cell, width) in enumerate(pairs)]
        for pairs in (zip(row, widths, strict=True) for row in rows)
    )
    return ["  ".join(line).rstrip() for line in lines]


@dataclass(slots=True)
class Report:
    """Collects the samples of interleaved rounds by case and contender."""

    title: str
    base: str | None = None
    """The contender that the others' rates are compared with."""
    _samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict[str, dict[str, list[Sample]]])
    _targets: list[Target] = field(default_factory=list[Target])
    _notes: list[str] = field(default_factory=list[str])

    def add(self, case: str, contender: str, sample: Sample) -> None:
        """Add what one round showed."""
        self._samples.setdefault(case, {}).setdefault(contender, []).append(sample)

    def note(self, text: str) -> None:
        """Add a line below the tables."""
        self._notes.append(text)

    def at_least(self, what: str, promised: float, measured: float, unit: str = "x") -> None:
        """State a target that a figure must reach."""
        self._targets.append(Target(what, promised, measured, unit, at_least=True))

    def at_most(self, what: str, promised: float, measured: float, unit: str) -> None:
        """State a target that a figure must not exceed."""
        self._targets.append(Target(what, promised, measured, unit, at_least=False))

    def median(self, case: str, contender: str) -> Sample:
        """The medians of a contender's rounds."""
        return median_sample(self._samples[case][contender])

    def ratio(
        self,
        case: str,
        contender: str,
        base: str,
        figure: Callable[[Sample], float] = lambda sample: sample.rate,
    ) -> float:
        """The median over the rounds of one contender's figure by another's in the same round.

        Neighbours that come and go slow both sides of a round, so this is steadier than a ratio of medians.
        """
        by_contender = self._samples[case]
        rounds = zip(by_contender[contender], by_contender[base], strict=True)
        return statistics.median(figure(ours) / figure(theirs) for ours, theirs in rounds)

    def _compared(self, case: str, contender: str, base: str) -> str:
        return f"{self.ratio(case, contender, base):.2f}" if base in self._samples[case] else "-"

    def _case_table(self, case: str) -> list[str]:
        contenders = self._samples[case]
        groups = list(dict.fromkeys(who for samples in contenders.values() for who in samples[0].cpu_us))
        rows = [
            [
                "",
                "per s",
                "min..max",
                *([f"x {self.base}"] if self.base else []),
                "p50 ms",
                "p95 ms",
                "p99 ms",
            ]
            + [f"{who} µs" for who in groups]
            + ["others' cores"]
        ]
        for contender, samples in contenders.items():
            middle = median_sample(samples)
            rates = [sample.rate for sample in samples]
            ratio = [self._compared(case, contender, self.base)] if self.base else []
            rows.append(
                [contender, f"{middle.rate:.0f}", f"{min(rates):.0f}..{max(rates):.0f}"]
                + ratio
                + [f"{value:.2f}" for value in (middle.p50_ms, middle.p95_ms, middle.p99_ms)]
                + [f"{middle.cpu_us[who]:.0f}" if who in middle.cpu_us else "-" for who in groups]
                + [f"{middle.foreign_cores:.2f}"]
            )
        rounds = max(map(len, contenders.values()))
        return [f"{case} (medians of {rounds}; CPU per operation by process)", *_table(rows)]

    def text(self) -> str:
        """Everything, ready to print."""
        parts = [[self.title], *map(self._case_table, self._samples)]
        if self._notes:
            parts.append(self._notes)
        if self._targets:
            header = ["target", "promised", "measured", ""]
            parts.append(_table([header, *(target.cells() for target in self._targets)]))
        return "\n\n".join("\n".join(part) for part in parts)
