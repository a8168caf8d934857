"""The live views of subscriptions: their lag changes with every event, so they are looked at again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from agentic.layers.L10_human_interface.subscription_rows import live_row, subscription_rows
from agentic.layers.L10_human_interface.views.sections import Quiet
from agentic.layers.L10_human_interface.views.ticks import Fragments, Ticks, partial
from agentic.layers.L10_human_interface.web_site import Site


class Subscriptions(Quiet):
    """The list."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, filters)
        self._ticks = ticks
        self.tick = self._tick

    async def _tick(self) -> Fragments:
        counts, rows = await asyncio.gather(self._ticks.counts(), subscription_rows(self.site))
        macro = self.site.renderer.macro
        return {
            **counts,
            **{
                f"subscription {row.name}": partial(
                    "#subscription-rows", "rows", macro("macros/subscriptions.html", "subscription_row", row)
                )
                for row in rows
            },
        }


class OneSubscription(Quiet):
    """How one fares."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, filters)
        self._name = filters.get("name", "")
        self._ticks = ticks
        self.tick = self._tick

    async def _tick(self) -> Fragments:
        counts = await self._ticks.counts()
        if not await self.site.beside.integration.there():
            return counts
        item = await (await self.site.beside.integration.client()).subscription(self._name)
        block = self.site.renderer.block("subscription", "head", item=item, row=live_row(item))
        return {**counts, "head": partial("#subscription-head", "outerMorph", block)}
