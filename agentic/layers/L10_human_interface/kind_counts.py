"""The kinds of events by which the log is filtered, each with the number of events that it would show.

Under a time or a filter the events have to be counted, which takes a while in a long log: it is done once for all who
look at the same, and a page does not wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.event import EventKind
from agentic.layers.L10_human_interface.event_query import EventsQuery
from agentic.layers.L10_human_interface.kinds import Group, Kind, grouped
from agentic.layers.L10_human_interface.remembered import Remembered
from agentic.layers.L10_human_interface.rows import Kept

GOOD: Final = 5.0
"""Seconds for which counts are good at the most."""
TIMES: Final = 20.0
"""They are good for so many times as long as it takes to count."""
MOST: Final = 100
"""Filters for which counts are remembered."""


class Kinds(NamedTuple):
    """What there is to choose from; a number is none until it is counted."""

    groups: Sequence[Group]
    types: Sequence[Kind]
    """The types in the chosen groups, when there is more than one to choose from."""
    total: int | None

    @property
    def by_id(self) -> Mapping[str, int]:
        """The numbers by the ids of what shows them."""
        kinds = [*self.groups, *self.types]
        found = {"kinds": self.total, **{kind.id: kind.count for kind in kinds}}
        return {name: count for name, count in found.items() if count is not None}


class KindCounts:
    """Counts by kind, remembered for those who look at the same."""

    def __init__(self, l01: L01Client) -> None:
        self._l01 = l01
        self._everything = Remembered(l01.events.kinds, GOOD, TIMES)
        self._remembered: Kept[EventsQuery, Remembered[list[EventKind]]] = Kept(MOST)

    async def of(self, query: EventsQuery, then: str | None = None, patience: float | None = None) -> Kinds:
        """The kinds; `then` is the moment of the query's `as_of`. After `patience` they come without numbers."""
        everything = await self._everything()
        shown = query.without_kinds
        if not shown.filtered:
            return _kinds(query, everything, everything)
        try:
            async with asyncio.timeout(patience):
                return _kinds(query, everything, await self._counted(shown, then)())
        except TimeoutError:
            return _kinds(query, everything, None)

    def _counted(self, shown: EventsQuery, then: str | None) -> Remembered[list[EventKind]]:
        async def count() -> list[EventKind]:
            return await self._l01.events.kinds(**shown.filters(), **shown.times(then))

        counted = self._remembered.get(shown) or Remembered(count, GOOD, TIMES)
        self._remembered.put(shown, counted)
        return counted


def _kinds(query: EventsQuery, everything: list[EventKind], counted: list[EventKind] | None) -> Kinds:
    groups = grouped(everything, counted)
    chosen = {name.partition(".")[0] for name in query.types}
    types = [kind for group in groups if group.name in chosen for kind in group.kinds]
    total = None if counted is None else sum(kind["count"] for kind in counted)
    return Kinds(groups, types if len(types) > 1 else [], total)
