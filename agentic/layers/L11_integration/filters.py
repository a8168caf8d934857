"""Which events a subscriber wants, by what is in them.

    {"aggregate_type": "task", "payload.status": {"in": ["failed", "cancelled"]}, "payload.cost": {"above": 0.5}}

Every line must hold. A value means that it is equal; an object of comparisons that each of them holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, cast

from agentic.layers.L11_integration.errors import FilterError
from agentic.layers.L11_integration.event_paths import MISSING, is_path, value_at

MOST: Final = 50


_NUMBERS: Final = (int, float, Decimal)


def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def _same(value: Any, wanted: Any) -> bool:
    """Python takes 1 for true, JSON does not."""
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)


_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "is": _same,
    "not": lambda value, wanted: not _same(value, wanted),
    "in": lambda value, wanted: any(_same(value, one) for one in wanted),
    "above": lambda value, limit: _is_number(value) and value > limit,
    "below": lambda value, limit: _is_number(value) and value < limit,
    "begins": lambda value, wanted: isinstance(value, str) and value.startswith(wanted),
    "exists": lambda value, wanted: (value is not MISSING) == wanted,
}
_NEEDED: Final[dict[str, type | tuple[type, ...]]] = {
    "in": list,
    "above": _NUMBERS,
    "below": _NUMBERS,
    "begins": str,
    "exists": bool,
}


class Filter:
    """What must hold of an event."""

    def __init__(self, conditions: Mapping[str, Any]) -> None:
        if len(conditions) > MOST:
            raise FilterError(f"A filter has at most {MOST} lines.")
        self._lines = [
            (path, comparison, wanted)
            for path, condition in conditions.items()
            for comparison, wanted in _comparisons(path, condition)
        ]

    def __bool__(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self._lines)

    def __call__(self, event: Mapping[str, Any]) -> bool:
        """True when every line holds."""
        return all(
            _COMPARISONS[comparison](value_at(event, path), wanted)
            for path, comparison, wanted in self._lines
        )


def _comparisons(path: str, condition: Any) -> list[tuple[str, Any]]:
    if not is_path(path):
        raise FilterError(
            f"{path!r} is no value of an event: it is to begin with payload, metadata, aggregate_id …"
        )
    if not isinstance(condition, Mapping):
        return [("is", condition)]
    lines = cast("Mapping[str, Any]", condition)
    for comparison, wanted in lines.items():
        if comparison not in _COMPARISONS:
            raise FilterError(f"{path}: {comparison!r} is none of {', '.join(_COMPARISONS)}.")
        needed = _NEEDED.get(comparison)
        if needed is not None and not isinstance(wanted, needed):
            raise FilterError(f"{path}: what follows {comparison!r} cannot be compared with.")
    return list(lines.items())
