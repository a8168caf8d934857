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
    count: int


@dataclass(frozen=True)
class Group:
    """The types whose names begin alike."""

    name: str
    count: int
    kinds: list[Kind]

    @property
    def id(self) -> str:
        """The id of what shows it: types are named by whoever publishes, with any character."""
        plain = re.fullmatch(r"[A-Za-z0-9_-]+", self.name)
        return f"kind-{self.name}" if plain else f"kind-{hashlib.sha256(self.name.encode()).hexdigest()[:12]}"

    @property
    def pattern(self) -> str:
        """The filter that means this group."""
        return f"{self.name}.*"


def grouped(kinds: Sequence[EventKind]) -> list[Group]:
    """Groups by name, each with its types by name."""
    counts: dict[str, dict[str, int]] = {}
    for kind in kinds:
        types = counts.setdefault(kind["event_type"].partition(".")[0], {})
        types[kind["event_type"]] = types.get(kind["event_type"], 0) + kind["count"]
    return [
        Group(name, sum(types.values()), [Kind(*item) for item in sorted(types.items())])
        for name, types in sorted(counts.items())
    ]
