"""Whether a value is unusual after those before it, said so that a few far-off ones change little.

Median and MAD: Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (1993), whose threshold is 3.5 too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median
from typing import Final

UNUSUAL: Final = 3.5
"""Robust deviations from which on a value is unusual, unless somebody says otherwise."""
MAD_TO_DEVIATION: Final = 1.4826
MEAN_TO_DEVIATION: Final = 1.2533
"""What makes the median, or mean, distance of normally distributed values their standard deviation."""
FLOOR: Final = 0.01
"""A deviation below it is taken for this: scores that were all the same are no reason to call 0.999 unusual."""
COLD: Final = 8
"""Values before it without which nobody can say what is usual."""


def usual(values: Sequence[float]) -> tuple[float, float]:
    """The middle of values and how far they are from it, mostly: median and MAD, which a few far-off ones do not change.

    Where more than half are the same, so that the MAD is 0: mean and mean distance.
    """
    middle = median(values)
    deviation = MAD_TO_DEVIATION * median(abs(each - middle) for each in values)
    if deviation == 0:
        middle = fmean(values)
        deviation = MEAN_TO_DEVIATION * fmean(abs(each - middle) for each in values)
    return middle, max(deviation, FLOOR)


def deviation_of(value: float, before: Sequence[float], size: int = 1) -> float | None:
    """How many robust deviations a value, the mean of `size`, is from those before it; none while they are too few."""
    if len(before) < COLD:
        return None
    middle, deviation = usual(before)
    return round((value - middle) / (deviation / math.sqrt(size)), 3)
