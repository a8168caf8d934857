"""Whether a regular expression is found in it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from agentic.layers.L01_data_layer.models.fields import storable
from agentic.layers.L06_evaluation.evaluators.evaluator import Evaluator, Finding, Means, Subject, text_of


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return value


class Regex(Evaluator):
    """1 when the pattern (Python's `re`) is found in the output, and 0 otherwise; the other way round with `absent`."""

    kind: Literal["regex"]
    pattern: Annotated[
        str, Field(min_length=1, max_length=10_000), AfterValidator(storable), AfterValidator(_pattern)
    ]
    ignore_case: bool = False
    absent: bool = False

    async def look(self, subject: Subject, means: Means) -> Finding:
        """Searches, as long as it may."""
        flags = re.IGNORECASE if self.ignore_case else re.NOFLAG
        found = await means.bounded.search(self.pattern, text_of(subject.output), flags.value)
        return Finding(float(found != self.absent), None, {"found": found})
