"""What a page's socket sends: for each view the fragments that events and time change, made of the page's own parts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L01_data_layer.models.error_codes import NotFoundError
from agentic.layers.L10_human_interface import layer_health, topology, words
from agentic.layers.L10_human_interface.agents_query import AgentsQuery
from agentic.layers.L10_human_interface.errors import ViewError
from agentic.layers.L10_human_interface.event_chart import chart_of
from agentic.layers.L10_human_interface.event_query import EventsQuery
from agentic.layers.L10_human_interface.formats import compact, whole
from agentic.layers.L10_human_interface.remembered import Remembered
from agentic.layers.L10_human_interface.wanted import Wanted
from agentic.layers.L10_human_interface.web_site import Site

MOST: Final = 25
"""Rows in one frame; what is more is a link."""
FRESH: Final = 0.9
CHART: Final = 5.0
"""Seconds for which a histogram is good."""
NOTHING: Final = {"aggregate_id": str(UUID(int=0))}
"""A filter that lets nothing in: no record has this id."""

Fragments = Mapping[str, str]
"""Fragments by a name under which the same content is not sent twice."""


def partial(target: str, swap: str, content: str) -> str:
    """A fragment of a frame: where it goes, how, and what."""
    return f'<hx-partial hx-target="{target}" hx-swap="{swap}">{content}</hx-partial>'


class Ticks:
    """What changes with time, rendered once for all sockets that show it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.counts = Remembered(self._counts, FRESH)
        self.overview = Remembered(self._overview, FRESH)
        self.layers = Remembered(self._layers, FRESH)

    async def _counts(self) -> Fragments:
        counts = await self._site.figures.counts()
        by_status = {
            f"status {name}": partial(f"#status-{name}", "textContent", compact(count))
            for name, count in (*counts.by_status.items(), ("any", counts.agents))
        }
        return {
            **by_status,
            "agents": partial("#count-agents", "textContent", compact(counts.agents)),
            "events": partial("#count-events", "textContent", compact(counts.events)),
            "total": partial("#agents-total", "textContent", whole(counts.agents)),
        }

    async def _overview(self) -> Fragments:
        figures, layers = await asyncio.gather(self._site.figures.overview(), self._site.monitor.layers())
        render = self._site.renderer.block
        health = render("overview", "health", layers=layers, health_note=layer_health.summary(layers))
        return {
            **await self.counts(),
            "figures": partial("#figures", "outerMorph", render("overview", "figures", figures=figures)),
            "health": partial("#health", "outerMorph", health),
        }

    async def _layers(self) -> Fragments:
        block = self._site.renderer.block("layers", "measured", **await topology.shown(self._site))
        layers = {"layers": partial("#measured", "outerMorph", block)}
        try:
            return {**await self.counts(), **layers}
        except PlatformError:  # what shows that the data layer is gone must not wait for it
            return layers


class View:
    """One live page: which events it wants, and what it shows of them. This one shows nothing but the counts."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        self.site = site
        self.wanted = Wanted(filters)
        self.tick: Callable[[], Awaitable[Fragments]] = ticks.counts
        """What changes with time; sent where it is different from what was sent."""

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """What these events change, each thing once, as it is now."""
        return []

    async def event_rows(self, events: Sequence[FeedEvent]) -> str:
        """The newest events as rows, and a link to the rest."""
        shown = events[-MOST:]
        rows = (await self.site.rows.rendered(shown))[::-1]
        if len(events) > len(shown):
            query = urlencode({**self.wanted.filters, "cursor": shown[0].position})
            more = (len(events) - len(shown), f"/events?{query}")
            rows.append(self.site.renderer.macro("macros/rows.html", "more_row", *more))
        return partial("#event-rows", "rows", "".join(rows))

    async def agent_rows(self, events: Sequence[FeedEvent], shown: AgentsQuery) -> list[str]:
        """The agents that these events are about, each as it is now; those that are gone are taken out.

        One that the filters let in may come new; another only changes where it stands already.
        """
        newest = {event.aggregate_id: event.position for event in events if event.aggregate_type == "agent"}
        chosen = list(newest.items())[-MOST:]
        rows = await asyncio.gather(*(self.site.rows.agent(*item) for item in chosen))
        there = [row for row in reversed(rows) if row is not None]
        let_in = "".join(row.html for row in there if shown.lets_in(row.agent))
        others = "".join(row.html for row in there if not shown.lets_in(row.agent))
        return [
            *(
                partial(f"#agent-{agent_id}", "delete", "")
                for (agent_id, _), row in zip(chosen, rows, strict=True)
                if row is None
            ),
            *([partial("#agent-rows", "rows known:true", others)] if others else ()),
            *([partial("#agent-rows", "rows", let_in)] if let_in else ()),
        ]


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


class Agent(View):
    """One agent with its timeline."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        self._id = filters.get("aggregate_id", NOTHING["aggregate_id"])
        super().__init__(site, ticks, {"aggregate_type": "agent", "aggregate_id": self._id})

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """What it is now, and what happened."""
        shown = await self.site.rows.followed(events[-MOST:])
        items = [self.site.renderer.macro("macros/timeline.html", "knot", row) for row in reversed(shown)]
        fragments = [partial("#timeline", "rows", "".join(items))]
        try:
            agent = await self.site.l01.agents.get(self._id)
        except NotFoundError:
            return fragments
        actions = words.agent_actions(agent["status"])
        head = self.site.renderer.block("agent", "head", agent=agent, actions=actions)
        return [*fragments, partial("#agent-head", "outerMorph", head)]


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


VIEWS: Final[Mapping[str, type[View]]] = {
    "": Quiet,
    "overview": Overview,
    "agents": Agents,
    "agent": Agent,
    "events": Events,
    "layers": Layers,
}


class Views:
    """The views of this process."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._ticks = Ticks(site)

    def open(self, name: str, filters: Mapping[str, str]) -> View:
        """The view of that name.

        Raises:
            ViewError: there is none.
        """
        if name not in VIEWS:
            raise ViewError(f"There is no live view {name!r}.")
        return VIEWS[name](self._site, self._ticks, filters)
