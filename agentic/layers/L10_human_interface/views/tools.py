"""The live view of the tools and their executions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L10_human_interface.tool_rows import ExecutionRow
from agentic.layers.L10_human_interface.tools_query import ExecutionsQuery
from agentic.layers.L10_human_interface.views.row_fragments import changed, row_fragments
from agentic.layers.L10_human_interface.views.ticks import Fragments, Ticks, partial
from agentic.layers.L10_human_interface.views.view import View
from agentic.layers.L10_human_interface.web_site import Site


class Tools(View):
    """The tools with their numbers, and the executions as they come and end."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {"event_type": "tool.*,tool_execution.*"})
        self._shown = ExecutionsQuery.of(filters)
        self._ticks = ticks
        self.tick = self._tick

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """Executions, changed in place or new."""
        ids = changed(events, "tool_execution")
        items = await asyncio.gather(*map(self.site.l01.tool_executions.get, ids))
        rows = await self.site.tool_rows.executions(items)
        return row_fragments("#execution-rows", rows, lambda row: self._shown.lets_in(row.item), self._html)

    def _html(self, row: ExecutionRow) -> str:
        return self.site.renderer.macro("macros/tools.html", "execution_row", row)

    async def _tick(self) -> Fragments:
        counts, tools = await asyncio.gather(self._ticks.counts(), self.site.tool_rows.tools())
        macro = self.site.renderer.macro
        rows = {
            f"tool {row.tool['id']}": partial(
                "#tool-rows", "rows known:true", macro("macros/tools.html", "tool_row", row)
            )
            for row in tools
        }
        return {**counts, **rows}
