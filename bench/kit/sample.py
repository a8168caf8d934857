"""One measurement, and the medians of several."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


def percentile(sorted_values: Sequence[float], fraction: float) -> float:
    """The nearest-rank percentile of values that are sorted already."""
    return sorted_values[max(0, math.ceil(fraction * len(sorted_values)) - 1)]


@dataclass(frozen=True, slots=True)
class Sample:
    """What one round of load showed: operations per second, latency in milliseconds, CPU per operation."""

    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_us: dict[str, float]
    """Microseconds of CPU per operation, by who used them (server, postgres, redis, self)."""
    foreign_cores: float
    """Cores that other programs of this machine used meanwhile; 0 is a quiet machine."""

    @classmethod
    def of(
        cls, latencies: Sequence[float], seconds: float, cpu_us: dict[str, float], foreign_cores: float
    ) -> "Sample":
        """Sum up latencies (in seconds) that were collected in a window of so many seconds.

        Raises ValueError when there are none.
        """
        if not latencies:
            raise ValueError("nothing was measured")
        ordered = sorted(latencies)
        p50, p95, p99 = (percentile(ordered, fraction) * 1e3 for fraction in (0.50, 0.95, 0.99))
        return cls(len(ordered) / seconds, p50, p95, p99, cpu_us, foreign_cores)


def median_sample(samples: Sequence[Sample]) -> Sample:
    """Each figure's own median over the rounds."""
    median = statistics.median
    return Sample(
        rate=median(sample.rate for sample in samples),
        p50_ms=median(sample.p50_ms for sample in samples),
        p95_ms=median(sample.p95_ms for sample in samples),
        p99_ms=median(sample.p99_ms for sample in samples),
        cpu_us={who: median(sample.cpu_us[who] for sample in samples) for who in samples[0].cpu_us},
        foreign_cores=median(sample.foreign_cores for sample in samples),
    )
