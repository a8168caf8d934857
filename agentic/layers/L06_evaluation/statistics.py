"""The few statistics that are needed, from the standard library. What draws at random draws the same each time."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import product
from statistics import NormalDist, fmean, median, stdev
from typing import Final

from agentic.layers.L06_evaluation.models import Interval

SEED: Final = 20260101
ROUNDS: Final = 2000
EXACT_UP_TO: Final = 12
"""Pairs of which every choice of signs is tried; of more, `ROUNDS` are drawn."""
MANY: Final = 400
"""Values from which the mean is as good as normally distributed, and no bootstrap is needed."""


def interval(values: Sequence[float], confidence: float) -> Interval:
    """The mean of values, and where the true one lies, by bootstrap."""
    mean = fmean(values)
    if len(values) == 1:
        low = high = mean
    elif len(values) >= MANY:
        reach = NormalDist().inv_cdf((1 + confidence) / 2) * stdev(values) / math.sqrt(len(values))
        low, high = mean - reach, mean + reach
    else:
        low, high = _bootstrapped(values, confidence)
    return {"mean": round(mean, 6), "low": round(low, 6), "high": round(high, 6)}


def _bootstrapped(values: Sequence[float], confidence: float) -> tuple[float, float]:
    draw = random.Random(SEED)
    means = sorted(fmean(draw.choices(values, k=len(values))) for _ in range(ROUNDS))
    cut = (1 - confidence) / 2
    return means[int(cut * ROUNDS)], means[min(ROUNDS - 1, math.ceil((1 - cut) * ROUNDS) - 1)]


def paired_p_value(differences: Sequence[float]) -> float:
    """How likely it is that differences, each of which might as well have had the other sign, are on average as far from 0."""
    told = [each for each in differences if each != 0]
    if not told:
        return 1.0
    seen = abs(sum(told)) - 1e-12
    if len(told) <= EXACT_UP_TO:
        sums = [
            abs(sum(s * d for s, d in zip(signs, told, strict=True)))
            for signs in product((1, -1), repeat=len(told))
        ]
        return sum(each >= seen for each in sums) / len(sums)
    draw = random.Random(SEED)
    hits = sum(abs(sum(d if draw.getrandbits(1) else -d for d in told)) >= seen for _ in range(ROUNDS))
    return (hits + 1) / (ROUNDS + 1)


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """The median of the slopes between all pairs of points (Theil-Sen): what a few far-off ones do not change."""
    if len(points) < 3:
        return None
    slopes = [
        (y - before_y) / (x - before_x)
        for index, (x, y) in enumerate(points)
        for before_x, before_y in points[:index]
        if x != before_x
    ]
    return median(slopes) if slopes else None


def welch_p_value(
    mean: float, deviation: float, count: int, other_mean: float, other_deviation: float, other_count: int
) -> float | None:
    """How likely chance gives two samples whose means are as far apart; none for less than two values of each."""
    if count < 2 or other_count < 2:
        return None
    error = math.sqrt(deviation**2 / count + other_deviation**2 / other_count)
    if error == 0:
        return 1.0 if mean == other_mean else 0.0
    freedom = error**4 / (
        (deviation**2 / count) ** 2 / (count - 1)
        + (other_deviation**2 / other_count) ** 2 / (other_count - 1)
    )
    return _student(abs(mean - other_mean) / error, freedom)


def _student(t: float, freedom: float) -> float:
    """Both tails of Student's distribution, by Simpson's rule after x = t + u / (1 - u)."""
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)

    def weighed(u: float) -> float:
        if u >= 1:
            return 0.0
        x = t + u / (1 - u)
        return scale * (1 + x * x / freedom) ** (-(freedom + 1) / 2) / (1 - u) ** 2

    steps = 400
    total = sum((1 if n in (0, steps) else 4 if n % 2 else 2) * weighed(n / steps) for n in range(steps + 1))
    return min(1.0, 2 * total / (3 * steps))


def correlation(ones: Sequence[float], others: Sequence[float]) -> float | None:
    """Pearson's; none where one side is always the same."""
    one, other = fmean(ones), fmean(others)
    across = sum((a - one) * (b - other) for a, b in zip(ones, others, strict=True))
    spread = math.sqrt(sum((a - one) ** 2 for a in ones) * sum((b - other) ** 2 for b in others))
    return None if spread == 0 else across / spread


def kappa(ones: Sequence[bool], others: Sequence[bool]) -> float | None:
    """Cohen's: agreement beyond chance; none where chance alone explains all."""
    count = len(ones)
    agreed = sum(a == b for a, b in zip(ones, others, strict=True)) / count
    yes, other_yes = sum(ones) / count, sum(others) / count
    chance = yes * other_yes + (1 - yes) * (1 - other_yes)
    return None if chance == 1 else (agreed - chance) / (1 - chance)
