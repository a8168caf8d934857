"""The live view of model usage."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L10_human_interface.call_rows import CallRow, call_rows
from agentic.layers.L10_human_interface.usage_query import UsageQuery
from agentic.layers.L10_human_interface.views.row_fragments import changed, row_fragments
from agentic.layers.L10_human_interface.views.ticks import Fragments, Ticks, partial
from agentic.layers.L10_human_interface.views.view import View
from agentic.layers.L10_human_interface.web_site import Site


class Usage(View):
    """The sums, what budgets have left, and the calls as they are made and end."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {"aggregate_type": "model_usage"})
        self._query = UsageQuery.of(filters)
        self._ticks = ticks
        self.tick = self._tick

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """Calls, changed in place or new."""
        ids = changed(events, "model_usage")
        rows = await call_rows(self.site.rows.names, await asyncio.gather(*map(self.site.l01.usage.get, ids)))
        return row_fragments("#call-rows", rows, lambda row: self._query.lets_in(row.item), self._html)

    def _html(self, row: CallRow) -> str:
        return self.site.renderer.macro("macros/usage.html", "call_row", row)

    async def _tick(self) -> Fragments:
        counts, sums, budgets = await asyncio.gather(
            self._ticks.counts(), self.site.usage.of(self._query), self.site.usage.budgets()
        )
        render = self.site.renderer
        meters = "".join(render.macro("macros/usage.html", "budget_row", budget) for budget in budgets)
        return {
            **counts,
            "sums": partial("#sums", "outerMorph", render.block("usage", "sums", sums=sums)),
            "budgets": partial("#budget-rows", "innerMorph", meters),
        }
