"""The proof: candidate against what the agent has now, on the cases that nothing was learned from; and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Conclusion(NamedTuple):
    """Whether a change is better, and in words why that is said."""

    proven: bool
    reason: str


def conclude(
    comparison: Mapping[str, Any] | None, stopped: str | None, margin: float, confidence: float
) -> Conclusion:
    """What an experiment on the held-out cases says.

    Better: by the margin on average, surely better at all (the interval of the paired difference, by bootstrap), and by a paired
    test no chance. Anything else is no proof.
    """
    if stopped is not None:
        return Conclusion(False, f"The proof could not be completed: {stopped}.")
    if comparison is None:
        return Conclusion(False, "The proof gave nothing to compare.")
    difference = comparison["difference"]
    told = (
        f"On {comparison['items']} held-out cases it is {difference['mean']:+.3f} "
        f"({difference['low']:+.3f} to {difference['high']:+.3f} with {confidence:.0%} confidence, p = {comparison['p_value']:.3f})"
    )
    if difference["mean"] < margin:
        return Conclusion(False, f"{told}: less than the margin of {margin:.3f}.")
    if difference["low"] <= 0 or comparison["p_value"] > 1 - confidence:
        return Conclusion(False, f"{told}: that may be chance.")
    return Conclusion(True, f"{told}: better.")
