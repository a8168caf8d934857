"""The live view of the tools and their executions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L10_human_interface.tool_rows import ExecutionRow
from agentic.layers.L10_human_interface.tools_query import ExecutionsQuery
from agentic.layers.L10_human_interface.views.ticks import Fragments, Ticks, partial
from agentic.layers.L10_human_interface.views.view import MOST, View
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
        about = [event.aggregate_id for event in reversed(events) if event.aggregate_type == "tool_execution"]
        ids = list(dict.fromkeys(about))[:MOST]
        items = await asyncio.gather(*map(self.site.l01.tool_executions.get, ids))
        rows = await self.site.tool_rows.executions(items)
        let_in = [row for row in rows if self._shown.lets_in(row.item)]
        others = [row for row in rows if not self._shown.lets_in(row.item)]
        return [
            *([partial("#execution-rows", "rows known:true", self._render(others))] if others else ()),
            *([partial("#execution-rows", "rows", self._render(let_in))] if let_in else ()),
        ]

    def _render(self, rows: Sequence[ExecutionRow]) -> str:
        return "".join(self.site.renderer.macro("macros/tools.html", "execution_row", row) for row in rows)

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
