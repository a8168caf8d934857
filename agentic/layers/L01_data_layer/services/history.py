"""Moments to look back to, and the versions that a record went through."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.fold import Bound


class Past(NamedTuple):
    """A bound on the log: up to here the past is folded."""

    kind: Bound
    bound: datetime | int


def parse_as_of(text: str | None) -> Past | None:
    """A moment or a position; none when none was given.

    Raises:
        InvalidError: it is neither.
    """
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 19:
        return Past("position", int(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidError.of(
            ("as_of", "neither a position nor a time such as 2026-11-22T12:00:00Z")
        ) from None
    if moment.tzinfo is None:
        raise InvalidError.of(("as_of", "a time needs its offset, such as Z"))
    return Past("time", moment)
