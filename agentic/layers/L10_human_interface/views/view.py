"""What a page's socket sends: the base of all live views, and what they share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlencode

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L10_human_interface.agents_query import AgentsQuery
from agentic.layers.L10_human_interface.views.row_fragments import MOST, row_fragments
from agentic.layers.L10_human_interface.views.ticks import Fragments, Ticks, partial
from agentic.layers.L10_human_interface.wanted import Wanted
from agentic.layers.L10_human_interface.web_site import Site


class View:
    """One live page: which events it wants, and what it shows of them. This one shows nothing but the counts."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        self.site = site
        self.wanted = Wanted(filters)
        self.tick: Callable[[], Awaitable[Fragments]] = ticks.counts
        """What changes with time; sent where it is different from what was sent."""

    @asynccontextmanager
    async def shown(self, changed: Callable[[], None]) -> AsyncGenerator[None]:
        """Stands as long as the page follows; `changed` is called when `told` has something that no event announces."""
        yield

    def told(self) -> list[str]:
        """What was told and is no fact of the log, such as the text of an answer while it is written."""
        return []

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
        return [
            *(
                partial(f"#agent-{agent_id}", "delete", "")
                for (agent_id, _), row in zip(chosen, rows, strict=True)
                if row is None
            ),
            *row_fragments("#agent-rows", there, lambda row: shown.lets_in(row.agent), lambda row: row.html),
        ]
