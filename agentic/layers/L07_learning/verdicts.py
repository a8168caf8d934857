"""Whether a run was good, by what was said of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from agentic.layers.L01_data_layer.models.feedback import Feedback

SIGNED: Final = ("thumb", "outcome")
"""Kinds of feedback whose rating is 1 or -1. All others rate from 1, bad, to 5, good."""
GOOD, BAD = 4, 2
AUTOMATIC: Final = ("evaluator", "outcome")
"""Sources that are no people."""


def verdict(feedback: Sequence[Feedback], *, evaluators: bool = True) -> int:
    """1: good, -1: bad, 0: nobody knows. What people say goes before what evaluators and outcomes say."""
    people = [each for each in feedback if each["source"] not in AUTOMATIC]
    said = [vote for each in people if (vote := vote_of(each))]
    if not said and evaluators:
        said = [vote for each in feedback if (vote := vote_of(each))]
    return _sign(sum(said))


def vote_of(feedback: Feedback) -> int:
    """What one person or evaluator says: 1, -1, or 0 for neither. Who corrects an answer says that it was not good."""
    rating = feedback["rating"]
    if rating is None:
        return -1 if feedback["correction"] is not None else 0
    if feedback["feedback_type"] in SIGNED:
        return _sign(rating)
    return 1 if rating >= GOOD else -1 if rating <= BAD else 0


def corrections(feedback: Iterable[Feedback]) -> list[Feedback]:
    """Those that say what the answer should have been; of several for the same step, the newest alone."""
    newest = {each["step"]: each for each in feedback if each["correction"] is not None}
    return list(newest.values())


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
