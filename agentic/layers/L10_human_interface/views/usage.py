"""The live view of model usage."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L10_human_interface.call_rows import CallRow, call_rows
from agentic.layers.L10_human_interface.usage_query import UsageQuery
from agentic.layers.L10_human_interface.views.ticks import Fragments, Ticks, partial
from agentic.layers.L10_human_interface.views.view import MOST, View
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
        ids = list(dict.fromkeys(event.aggregate_id for event in reversed(events)))[:MOST]
        calls = await asyncio.gather(*map(self.site.l01.usage.get, ids))
        rows = await call_rows(self.site.rows.names, calls)
        let_in = [row for row in rows if self._query.lets_in(row.item)]
        others = [row for row in rows if not self._query.lets_in(row.item)]
        return [
            *([partial("#call-rows", "rows known:true", self._render(others))] if others else ()),
            *([partial("#call-rows", "rows", self._render(let_in))] if let_in else ()),
        ]

    def _render(self, rows: Sequence[CallRow]) -> str:
        return "".join(self.site.renderer.macro("macros/usage.html", "call_row", row) for row in rows)

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
