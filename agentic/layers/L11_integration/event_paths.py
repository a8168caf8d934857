"""Values of an event by their path: `payload.status`, `aggregate_id`, `payload.items.0.name`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

MISSING: Final = object()
"""What stands for a value that is not there."""
MEMBERS: Final = frozenset(
    ("id", "event_type", "aggregate_type", "aggregate_id", "payload", "metadata", "created_at", "position")
)
"""With what a path may begin."""


def is_path(text: str) -> bool:
    """Whether a text is the path of a value that an event can have."""
    parts = text.split(".")
    return parts[0] in MEMBERS and all(parts)


def value_at(event: Mapping[str, Any], path: str) -> Any:
    """The value at a path, or `MISSING`."""
    value: Any = event
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = cast("Mapping[str, Any]", value).get(part, MISSING)
        elif isinstance(value, list):
            items = cast("Sequence[Any]", value)
            known = part.isascii() and part.isdigit() and len(part) < 9 and int(part) < len(items)
            value = items[int(part)] if known else MISSING
        else:
            return MISSING
    return value
