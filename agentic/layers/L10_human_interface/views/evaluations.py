"""The live view of evaluations."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L10_human_interface.evaluation_rows import EvaluationRow, evaluation_rows
from agentic.layers.L10_human_interface.evaluations_query import EvaluationsQuery
from agentic.layers.L10_human_interface.views.row_fragments import changed, row_fragments
from agentic.layers.L10_human_interface.views.ticks import Fragments, Ticks, partial
from agentic.layers.L10_human_interface.views.view import View
from agentic.layers.L10_human_interface.web_site import Site


class Evaluations(View):
    """The sums, and evaluations as they are made."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {"aggregate_type": "evaluation"})
        self._query = EvaluationsQuery.of(filters)
        self._ticks = ticks
        self.tick = self._tick

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """New ones."""
        ids = changed(events, "evaluation")
        items = await asyncio.gather(*map(self.site.l01.evaluations.get, ids))
        rows = await evaluation_rows(self.site.rows.names, items)
        return row_fragments("#evaluation-rows", rows, lambda row: self._query.lets_in(row.item), self._html)

    def _html(self, row: EvaluationRow) -> str:
        return self.site.renderer.macro("macros/evaluations.html", "evaluation_row", row)

    async def _tick(self) -> Fragments:
        counts, sums = await asyncio.gather(self._ticks.counts(), self.site.scores.of(self._query.sums))
        block = self.site.renderer.block("evaluations", "sums", sums=sums, query=self._query)
        return {**counts, "sums": partial("#sums", "outerMorph", block)}
