"""What somebody's own code says of it, in the sandbox of the tool layer."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, cast

from pydantic import AfterValidator, Field

from agentic.layers.L01_data_layer.models.fields import storable
from agentic.layers.L03_tool_execution.models import Outcome
from agentic.layers.L06_evaluation.errors import CodeEvaluatorError
from agentic.layers.L06_evaluation.evaluators.evaluator import Evaluator, Finding, Means, Subject

TOOL: Final = "run_python"


class Code(Evaluator):
    """The value of the last line of some Python, which has `output`, `input` and `expected`.

    It is a number in [0, 1], true or false, or a dictionary with `score` and, if you like, `rationale`. It runs in the sandbox of
    the tool layer; where there is none, it is refused.
    """

    kind: Literal["code"]
    code: Annotated[str, Field(min_length=1, max_length=50_000), AfterValidator(storable)]

    async def look(self, subject: Subject, means: Means) -> Finding:
        """Runs the code."""
        given = {"output": subject.output, "input": subject.input, "expected": subject.expected}
        lines = [f"{name} = {literal(value)}" for name, value in given.items()]
        outcome = await means.l03().execute(TOOL, {"code": "\n".join([*lines, self.code])})
        return _finding(_result(outcome))


def _result(outcome: Outcome) -> Any:
    if outcome.status != "success":
        error = outcome.error or {}
        detail = error.get("detail") or f"the call of {TOOL} ended as {outcome.status}"
        raise CodeEvaluatorError(f"{error.get('code', '')} {detail}".strip())
    return outcome.output["result"]


def _finding(result: Any) -> Finding:
    rationale = None
    if isinstance(result, dict):
        told = cast("dict[str, Any]", result)
        rationale = None if told.get("rationale") is None else str(told["rationale"])
        result = told.get("score")
    if isinstance(result, int | float) and math.isfinite(result) and 0 <= result <= 1:
        return Finding(float(result), rationale)
    raise CodeEvaluatorError(f"The code did not end with a score in [0, 1], but with {result!r:.200}.")


def literal(value: Any) -> str:
    """A JSON value as Python writes it."""
    if isinstance(value, Decimal):
        return repr(float(value))
    if isinstance(value, list):
        return f"[{', '.join(literal(each) for each in cast('list[Any]', value))}]"
    if isinstance(value, dict):
        pairs = (f"{key!r}: {literal(each)}" for key, each in cast("dict[str, Any]", value).items())
        return f"{{{', '.join(pairs)}}}"
    return repr(value)
