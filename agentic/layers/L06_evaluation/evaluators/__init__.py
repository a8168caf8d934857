"""The kinds of evaluators, one small file each: settings that are checked when they are given, and a look at a value.

To add one: a subclass of `Evaluator` with a `kind` of its own, and its name in `EvaluatorSpec`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Union

from pydantic import Field, TypeAdapter, ValidationError

from agentic.layers.base.common_errors import InvalidError, invalid_from
from agentic.layers.L06_evaluation.evaluators.code import Code
from agentic.layers.L06_evaluation.evaluators.contains import Contains
from agentic.layers.L06_evaluation.evaluators.evaluator import Evaluator
from agentic.layers.L06_evaluation.evaluators.exact import Exact
from agentic.layers.L06_evaluation.evaluators.json_schema import JsonSchema
from agentic.layers.L06_evaluation.evaluators.judge import Judge
from agentic.layers.L06_evaluation.evaluators.numeric import Numeric
from agentic.layers.L06_evaluation.evaluators.regex import Regex
from agentic.layers.L06_evaluation.evaluators.similarity import Similarity
from agentic.layers.L06_evaluation.evaluators.spending import Cost, Latency
from agentic.layers.L06_evaluation.evaluators.tool_use import ToolUse
from agentic.layers.L06_evaluation.models import EvaluatorKind

KINDS: Final[tuple[type[Evaluator], ...]] = (
    Exact,
    Contains,
    Regex,
    JsonSchema,
    Numeric,
    Similarity,
    Code,
    Cost,
    Latency,
    ToolUse,
    Judge,
)
_ADAPTER: Final[TypeAdapter[Evaluator]] = TypeAdapter(Annotated[Union[KINDS], Field(discriminator="kind")])  # type: ignore[valid-type]  # noqa: UP007


def kinds() -> list[EvaluatorKind]:
    """Every kind, with the JSON Schema of its settings."""
    return [
        {
            "kind": kind_of(cls),
            "description": " ".join((cls.__doc__ or "").split()),
            "settings": cls.model_json_schema(),
        }
        for cls in KINDS
    ]


def kind_of(of: type[Evaluator] | Evaluator) -> str:
    """The word for a kind."""
    cls = of if isinstance(of, type) else type(of)
    return str(cls.model_fields["kind"].annotation.__args__[0])  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]


def parse(given: Sequence[Any], field: str) -> list[Evaluator]:
    """Evaluators from what somebody says; a text is what a model judges by. Each has a name, and no two the same.

    Raises:
        InvalidError: one is none; every field that is wrong is named.
    """
    evaluators = [_one(each, f"{field}.{number}") for number, each in enumerate(given)]
    taken: set[str] = set()
    for number, evaluator in enumerate(evaluators):
        if evaluator.name in taken:
            raise InvalidError.of((f"{field}.{number}.name", f"another one is named {evaluator.name!r}"))
        if evaluator.name is not None:
            taken.add(evaluator.name)
    for evaluator in evaluators:
        if evaluator.name is None:
            evaluator.name = _free(kind_of(evaluator), taken)
            taken.add(evaluator.name)
    return evaluators


def _one(given: Any, field: str) -> Evaluator:
    if isinstance(given, str):
        given = {"kind": "judge", "criteria": given}
    try:
        return _ADAPTER.validate_python(given)
    except ValidationError as error:
        listed = error.errors(include_url=False, include_context=False, include_input=False)
        raise invalid_from({**each, "loc": (field, *_place(each["loc"]))} for each in listed) from None


def _place(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Where it is wrong, without the kind, which pydantic puts in front."""
    return location[1:] if location and location[0] in {kind_of(cls) for cls in KINDS} else location


def _free(kind: str, taken: set[str]) -> str:
    names = (kind if number == 1 else f"{kind}_{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
