"""Rows of a list as fragments: those that its filters let in may come new, others only change where they stand already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L10_human_interface.views.ticks import partial

R = TypeVar("R")

MOST: Final = 25
"""Rows in one frame; what is more is a link."""


def changed(events: Sequence[FeedEvent], aggregate_type: str) -> list[str]:
    """The ids of the records of a kind that events are about, the one that changed last first; not more than a frame holds."""
    about = (event.aggregate_id for event in reversed(events) if event.aggregate_type == aggregate_type)
    return list(dict.fromkeys(about))[:MOST]


def row_fragments(
    target: str, rows: Iterable[R], lets_in: Callable[[R], bool], html: Callable[[R], str]
) -> list[str]:
    """What puts these rows into the list with the id `target`."""
    let_in: list[str] = []
    others: list[str] = []
    for row in rows:
        (let_in if lets_in(row) else others).append(html(row))
    return [
        *([partial(target, "rows known:true", "".join(others))] if others else ()),
        *([partial(target, "rows", "".join(let_in))] if let_in else ()),
    ]
