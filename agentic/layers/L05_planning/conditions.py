"""Whether a step is wanted, by what an earlier one gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from agentic.layers.L05_planning.models import Condition
from agentic.layers.L05_planning.references import Reference, look_up


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _contains(value: Any, wanted: Any) -> bool:
    if isinstance(value, str):
        return isinstance(wanted, str) and wanted in value
    return isinstance(value, list | Mapping) and wanted in value


_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "equals": lambda value, wanted: value == wanted,
    "not_equals": lambda value, wanted: value != wanted,
    "above": lambda value, wanted: _number(value) and value > wanted,
    "below": lambda value, wanted: _number(value) and value < wanted,
    "contains": _contains,
}


def reference_of(condition: Condition) -> Reference:
    """What a condition looks at; nothing is there counts as null."""
    return Reference(condition.source, condition.path, condition.default, "condition")


def holds(condition: Condition, outputs: Mapping[str, Any], skipped: set[str]) -> bool:
    """Whether a condition is met."""
    value = look_up(reference_of(condition), outputs, skipped)
    named = [name for name in _COMPARISONS if name in condition.model_fields_set]
    if not named:
        return bool(value)
    return all(_COMPARISONS[name](value, getattr(condition, name)) for name in named)
