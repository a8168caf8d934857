"""The kinds of events there are, in the groups that their names make: `agent.created` is in the group `agent`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentic.layers.L01_data_layer.models.event import EventKind


@dataclass(frozen=True)
class Kind:
    """One type of event."""

    event_type: str
    count: int | None

    @property
    def id(self) -> str:
        """The id of what shows it."""
        return _id("type", self.event_type)


@dataclass(frozen=True)
class Group:
    """The types whose names begin alike."""

    name: str
    count: int | None
    kinds: list[Kind]

    @property
    def id(self) -> str:
        """The id of what shows it."""
        return _id("kind", self.name)

    @property
    def pattern(self) -> str:
        """The filter that means this group."""
        return f"{self.name}.*"


def _id(prefix: str, name: str) -> str:
    """An id for a name with any character in it: types are named by whoever publishes."""
    plain = re.fullmatch(r"[A-Za-z0-9_-]+", name)
    return f"{prefix}-{name}" if plain else f"{prefix}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def grouped(kinds: Sequence[EventKind], counted: Sequence[EventKind] | None) -> list[Group]:
    """Groups by name, each with its types by name; what is not `counted` has no events, or without it no number."""
    counts: dict[str, int] = {}
    for kind in counted or ():
        counts[kind["event_type"]] = counts.get(kind["event_type"], 0) + kind["count"]
    types: dict[str, list[Kind]] = {}
    for name in sorted({kind["event_type"] for kind in kinds}):
        count = None if counted is None else counts.get(name, 0)
        types.setdefault(name.partition(".")[0], []).append(Kind(name, count))
    return [Group(name, _sum(found), found) for name, found in sorted(types.items())]


def _sum(kinds: Sequence[Kind]) -> int | None:
    counts = [kind.count for kind in kinds if kind.count is not None]
    return sum(counts) if len(counts) == len(kinds) else None
