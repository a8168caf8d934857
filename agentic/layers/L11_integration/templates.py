"""What a rule gives to an agent or a tool, made of the event: `"Look at ${event.payload.title}"`.

A text that is one reference and nothing else becomes the value itself, whatever its type. What an event says is put in as it is and
never read again: it cannot refer to anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from agentic.layers.base import jsonio
from agentic.layers.L11_integration.errors import TargetError
from agentic.layers.L11_integration.event_paths import MISSING, is_path, value_at

REFERENCE: Final = re.compile(r"\$\{event(?:\.([^{}]{1,300}))?\}")


def check(template: Any) -> None:
    """Returns when every reference can be one.

    Raises:
        TargetError: one names what no event has.
    """
    for path in _references(template):
        if path and not is_path(path):
            raise TargetError(f"${{event.{path}}} is no value of an event.")


def filled(template: Any, event: Mapping[str, Any]) -> Any:
    """A template with the values of an event; what is not there becomes null, or nothing within a text."""
    if isinstance(template, str):
        whole = REFERENCE.fullmatch(template)
        if whole is not None:
            return _value(event, whole[1])
        return REFERENCE.sub(lambda match: _text(_value(event, match[1])), template)
    if isinstance(template, Mapping):
        items = cast("Mapping[str, Any]", template)
        return {key: filled(item, event) for key, item in items.items()}
    if isinstance(template, list):
        return [filled(item, event) for item in cast("list[Any]", template)]
    return template


def _references(template: Any) -> list[str]:
    if isinstance(template, str):
        return [match or "" for match in REFERENCE.findall(template)]
    if isinstance(template, Mapping):
        template = list(cast("Mapping[str, Any]", template).values())
    if isinstance(template, list):
        return [path for item in cast("list[Any]", template) for path in _references(item)]
    return []


def _value(event: Mapping[str, Any], path: str | None) -> Any:
    value = dict(event) if path is None else value_at(event, path)
    return None if value is MISSING else value


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else jsonio.encode(value).decode()
