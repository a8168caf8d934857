"""The live view of one agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L01_data_layer.models.error_codes import NotFoundError
from agentic.layers.L10_human_interface import words
from agentic.layers.L10_human_interface.views.sections import NOTHING
from agentic.layers.L10_human_interface.views.ticks import Ticks, partial
from agentic.layers.L10_human_interface.views.view import MOST, View
from agentic.layers.L10_human_interface.web_site import Site


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
