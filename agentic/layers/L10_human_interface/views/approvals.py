"""The live view of what waits for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L10_human_interface.asks import Ask, asks_of
from agentic.layers.L10_human_interface.views.row_fragments import changed, row_fragments
from agentic.layers.L10_human_interface.views.ticks import Ticks
from agentic.layers.L10_human_interface.views.view import View
from agentic.layers.L10_human_interface.web_site import Site


class Approvals(View):
    """The list of approvals. One that is decided stays where it stands, with its decision."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {"aggregate_type": "approval"})
        self._status = filters.get("status", "any")
        self._first = "cursor" not in filters

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """New questions, and those that changed."""
        ids = changed(events, "approval")
        asks = await asks_of(self.site, await asyncio.gather(*map(self.site.l01.approvals.get, ids)))
        return row_fragments("#asks", asks, self._lets_in, self._html)

    def _lets_in(self, ask: Ask) -> bool:
        return self._first and self._status in ("any", ask.item["status"])

    def _html(self, ask: Ask) -> str:
        back = f"/approvals?status={self._status}"
        return self.site.renderer.macro("macros/approvals.html", "approval", ask.item, back, ask.agent)
