"""Whether a run used the tools that it should have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from agentic.layers.L01_data_layer.models.fields import Body, JsonObject, Name
from agentic.layers.L06_evaluation.evaluators.evaluator import Evaluator, Finding, Means, Subject


class WantedCall(Body):
    """A call of a tool; of the arguments, those that are named must be the same."""

    name: Name
    arguments: JsonObject | None = None


class Call(Body):
    """A call that a run made."""

    name: str
    arguments: Any
    failed: bool


class ToolUse(Evaluator):
    """The part of the wanted calls that the run made, in this order where `ordered`.

    With `only`, calls beside them count as missed ones do. A call of a `forbidden` tool makes it 0.
    """

    kind: Literal["tool_use"]
    calls: Annotated[list[WantedCall], Field(max_length=200)] = []
    ordered: bool = False
    only: bool = False
    forbidden: Annotated[list[Name], Field(max_length=200)] = []

    async def look(self, subject: Subject, means: Means) -> Finding:
        """Compares the calls in the steps of the run with those that were wanted."""
        steps = await subject.steps(means)
        made = [
            Call(name=step["name"], arguments=_arguments(step["input"]), failed=step["status"] == "failed")
            for step in steps
            if step["kind"] == "tool"
        ]
        missing, beside = match(self.calls, [call for call in made if not call.failed], ordered=self.ordered)
        bad = sorted({call.name for call in made if call.name in self.forbidden})
        metrics = {
            "called": [call.name for call in made],
            "failed": sum(call.failed for call in made),
            "missing": [call.name for call in missing],
            "beside": [call.name for call in beside],
            "forbidden": bad,
        }
        if bad:
            return Finding(0.0, f"It used {', '.join(bad)}.", metrics)
        total = len(self.calls) + (len(beside) if self.only else 0)
        hits = len(self.calls) - len(missing)
        told = f"Not called: {', '.join(call.name for call in missing)}." if missing else None
        return Finding(hits / total if total else 1.0, told, metrics)


def match(
    wanted: list[WantedCall], made: list[Call], *, ordered: bool
) -> tuple[list[WantedCall], list[Call]]:
    """The wanted calls that were not made, and the calls that were made beside the wanted ones."""
    left, missing, start = list(enumerate(made)), list[WantedCall](), 0
    for want in wanted:
        found = next((n for n, call in left if n >= start and _is(want, call)), None)
        if found is None:
            missing.append(want)
            continue
        left = [(n, call) for n, call in left if n != found]
        if ordered:
            start = found + 1
    return missing, [call for _, call in left]


def _is(want: WantedCall, call: Call) -> bool:
    if want.name != call.name:
        return False
    arguments = _object(call.arguments)
    return all(
        name in arguments and arguments[name] == value for name, value in (want.arguments or {}).items()
    )


def _arguments(given: Any) -> Any:
    return _object(given).get("arguments")


def _object(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
