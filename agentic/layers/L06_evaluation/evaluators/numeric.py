"""Whether a number is near enough."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from agentic.layers.L06_evaluation.errors import CannotJudgeError
from agentic.layers.L06_evaluation.evaluators.evaluator import Comparing, Finding, Means, Subject

NUMBER: Final = re.compile(r"[-+]?(?:\d[\d,]{0,40}(?:\.\d{1,40})?|\.\d{1,40})(?:[eE][-+]?\d{1,3})?")
LONGEST: Final = 100_000
Tolerance = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Numeric(Comparing):
    """1 when the output, or the last number in its text, is `value` or what was expected, give or take; otherwise 0.

    `absolute` is a distance, `relative` a part of what was expected; either is enough.
    """

    kind: Literal["numeric"]
    absolute: Tolerance = 0.0
    relative: Tolerance = 1e-9

    async def look(self, subject: Subject, means: Means) -> Finding:
        """Compares the two numbers."""
        wanted = number_in(self.wanted(subject))
        if wanted is None:
            raise CannotJudgeError("What was expected is no number.")
        got = number_in(subject.output)
        if got is None:
            return Finding(0.0, "There is no number in it.")
        near = math.isclose(got, wanted, rel_tol=0, abs_tol=max(self.absolute, self.relative * abs(wanted)))
        told = None if near else f"It says {got:g}, and {wanted:g} was expected."
        return Finding(float(near), told, {"got": got, "wanted": wanted})


def number_in(value: Any) -> float | None:
    """A number, or the last one in a text."""
    if isinstance(value, str):
        found: list[str] = NUMBER.findall(value[-LONGEST:])
        value = Decimal(found[-1].replace(",", "")) if found else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
