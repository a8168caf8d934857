"""The live views of improvements, of one of them, and of exports."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L01_data_layer.models.export import Export
from agentic.layers.L10_human_interface.improvement_page import ImprovementRow, context_of, improvement_row
from agentic.layers.L10_human_interface.improvements_query import ExportsQuery, ImprovementsQuery
from agentic.layers.L10_human_interface.views.row_fragments import changed, row_fragments
from agentic.layers.L10_human_interface.views.sections import NOTHING
from agentic.layers.L10_human_interface.views.ticks import Ticks, partial
from agentic.layers.L10_human_interface.views.view import View
from agentic.layers.L10_human_interface.web_site import Site


class Improvements(View):
    """The list of improvements."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {"aggregate_type": "improvement"})
        self._query = ImprovementsQuery.of(filters)

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """Improvements, changed in place or new."""
        ids = changed(events, "improvement")
        items = await asyncio.gather(*map(self.site.l01.improvements.get, ids))
        rows = await asyncio.gather(*(improvement_row(self.site, item) for item in items))
        return row_fragments("#improvement-rows", rows, lambda row: self._query.lets_in(row.item), self._html)

    def _html(self, row: ImprovementRow) -> str:
        return self.site.renderer.macro("macros/improvements.html", "improvement_row", row)


class OneImprovement(View):
    """One improvement, all of it."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        self._id = filters.get("improvement_id", NOTHING["aggregate_id"])
        super().__init__(site, ticks, {"aggregate_id": self._id})

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """What it is now."""
        block = self.site.renderer.block("improvement", "whole", **await context_of(self.site, self._id))
        return [partial("#improvement", "outerMorph", block)]


class Exports(View):
    """The list of exports."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {"aggregate_type": "export"})
        self._query = ExportsQuery.of(filters)

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """Exports, changed in place or new."""
        found = await asyncio.gather(*map(self.site.l01.exports.get, changed(events, "export")))
        return row_fragments("#export-rows", found, lambda _: self._query.cursor is None, self._html)

    def _html(self, export: Export) -> str:
        return self.site.renderer.macro("macros/improvements.html", "export_row", export)
