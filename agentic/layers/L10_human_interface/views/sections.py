"""The live views of the overview, the lists of agents and events, and the health of the layers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L10_human_interface.agents_query import AgentsQuery
from agentic.layers.L10_human_interface.event_chart import chart_of
from agentic.layers.L10_human_interface.event_query import EventsQuery
from agentic.layers.L10_human_interface.formats import compact
from agentic.layers.L10_human_interface.remembered import Remembered
from agentic.layers.L10_human_interface.views.ticks import Fragments, Ticks, partial
from agentic.layers.L10_human_interface.views.view import View
from agentic.layers.L10_human_interface.web_site import Site

CHART: Final = 5.0
"""Seconds for which a histogram is good."""
NOTHING: Final = {"aggregate_id": str(UUID(int=0))}
"""A filter that lets nothing in: no record has this id."""


class Quiet(View):
    """A page of which only the frame around it is live."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, NOTHING)


class Overview(View):
    """Everything at once."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {})
        self.tick = ticks.overview

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """Agents and events."""
        return [*await self.agent_rows(events, AgentsQuery()), await self.event_rows(events)]


class Agents(View):
    """The list of agents."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {"aggregate_type": "agent"})
        self._shown = AgentsQuery.of(filters)

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """Agents, changed in place or new."""
        return await self.agent_rows(events, self._shown)


class Events(View):
    """The log."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, filters)
        self._query = EventsQuery.of(filters)
        self._charted = Remembered(self._chart, CHART)
        self._ticks = ticks
        self.tick = self._tick

    async def _tick(self) -> Fragments:
        counts, kinds, chart = await asyncio.gather(
            self._ticks.counts(), self.site.kind_counts.of(self._query), self._charted()
        )
        chips = {
            name: partial(f"#{name}", "textContent", compact(count)) for name, count in kinds.by_id.items()
        }
        return {**counts, **chips, "chart": chart}

    async def _chart(self) -> str:
        chart = await chart_of(self.site.l01, self._query)
        return partial("#chart", "innerHTML", self.site.renderer.block("events", "chart", chart=chart))

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """Rows."""
        return [await self.event_rows(events)]


class Layers(Quiet):
    """Health, which no event announces."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, filters)
        self.tick = ticks.layers
