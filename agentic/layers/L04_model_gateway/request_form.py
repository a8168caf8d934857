"""Requests in one form, so that two can be compared, and what differs between two, for people."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

IGNORED: Final = frozenset({"stream", "stream_options", "metadata", "user", "store", "safety_identifier"})
"""What changes nothing about the answer: how it travels, and who asked."""
_encoder = msgspec.json.Encoder(order="sorted", decimal_format="number")
_MOST_LINES: Final = 60
_LONGEST_LINE: Final = 200


def canonical(request: Mapping[str, Any]) -> dict[str, Any]:
    """A model request without what changes nothing about the answer, nor what is null anyhow."""
    return {key: value for key, value in request.items() if key not in IGNORED and value is not None}


def as_text(value: Any) -> str:
    """The one text of a JSON value: keys in order, no blanks."""
    return _encoder.encode(value).decode()


def difference(recorded: Any, asked: Any) -> str:
    """What was recorded and what is asked now, line by line; `-` stands before what was recorded."""
    lines = list(
        difflib.unified_diff(_lines(recorded), _lines(asked), "recorded", "asked now", n=2, lineterm="")
    )
    left = len(lines) - _MOST_LINES
    shown = [
        line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…" for line in lines[:_MOST_LINES]
    ]
    return "\n".join([*shown, *([f"… and {left} lines more"] if left > 0 else [])])


def _lines(value: Any) -> list[str]:
    return msgspec.json.format(_encoder.encode(_opened(value)), indent=2).decode().splitlines()


def _opened(value: Any) -> Any:
    """The value with each text of several lines as a list of them, and arguments that are JSON in a text as JSON."""
    if isinstance(value, str):
        return value.splitlines() if "\n" in value else value
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value).items()
        return {key: _arguments(member) if key == "arguments" else _opened(member) for key, member in members}
    if isinstance(value, list | tuple):
        return [_opened(each) for each in cast("list[Any]", value)]
    return value


def _arguments(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return _opened(value)
