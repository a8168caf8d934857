"""The live view of the inbox of feedback."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L10_human_interface.feedback_query import FeedbackQuery
from agentic.layers.L10_human_interface.feedback_rows import FeedbackRow, feedback_rows
from agentic.layers.L10_human_interface.formats import compact
from agentic.layers.L10_human_interface.views.row_fragments import changed, row_fragments
from agentic.layers.L10_human_interface.views.ticks import Fragments, Ticks, partial
from agentic.layers.L10_human_interface.views.view import View
from agentic.layers.L10_human_interface.web_site import Site


class Feedback(View):
    """What comes in. What is processed stays where it stands, with its new state."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {"aggregate_type": "feedback"})
        self._query = FeedbackQuery.of(filters)
        self._ticks = ticks
        self.tick = self._tick

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """Feedback, changed in place or new."""
        ids = changed(events, "feedback")
        items = await asyncio.gather(*map(self.site.l01.feedback.get, ids))
        rows = await feedback_rows(self.site.rows.names, items)
        return row_fragments("#feedback-rows", rows, lambda row: self._query.lets_in(row.item), self._html)

    def _html(self, row: FeedbackRow) -> str:
        return self.site.renderer.macro("macros/feedback.html", "feedback_row", row)

    async def _tick(self) -> Fragments:
        fragments = await self._ticks.counts()
        waiting = compact((await self.site.figures.counts()).feedback)
        return {**fragments, "waiting feedback": partial("#waiting-feedback", "textContent", waiting)}
