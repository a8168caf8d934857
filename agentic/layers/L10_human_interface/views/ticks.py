"""What changes on pages with time, rendered once for all sockets that show it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from agentic.layers.base.errors import PlatformError
from agentic.layers.L10_human_interface import layer_health, topology
from agentic.layers.L10_human_interface.formats import badge, compact, whole
from agentic.layers.L10_human_interface.remembered import Remembered
from agentic.layers.L10_human_interface.web_site import Site

FRESH: Final = 0.9

Fragments = Mapping[str, str]
"""Fragments by a name under which the same content is not sent twice."""


def partial(target: str, swap: str, content: str) -> str:
    """A fragment of a frame: where it goes, how, and what."""
    return f'<hx-partial hx-target="{target}" hx-swap="{swap}">{content}</hx-partial>'


class Ticks:
    """What changes with time, rendered once for all sockets that show it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.counts = Remembered(self._counts, FRESH)
        self.overview = Remembered(self._overview, FRESH)
        self.runs = Remembered(self._runs, FRESH)
        self.layers = Remembered(self._layers, FRESH)

    async def _counts(self) -> Fragments:
        counts = await self._site.figures.counts()
        by_status = {
            f"status {name}": partial(f"#status-{name}", "textContent", compact(count))
            for name, count in (*counts.by_status.items(), ("any", counts.agents))
        }
        by_section = {
            f"count {name}": partial(f"#count-{name}", "textContent", badge(count))
            for name, count in counts.by_section.items()
        }
        return {
            **by_status,
            **by_section,
            "total": partial("#agents-total", "textContent", whole(counts.agents)),
        }

    async def _overview(self) -> Fragments:
        figures, layers = await asyncio.gather(self._site.figures.overview(), self._site.monitor.layers())
        render = self._site.renderer.block
        health = render("overview", "health", layers=layers, health_note=layer_health.summary(layers))
        return {
            **await self.counts(),
            "figures": partial("#figures", "outerMorph", render("overview", "figures", figures=figures)),
            "health": partial("#health", "outerMorph", health),
        }

    async def _runs(self) -> Fragments:
        counts, by_status = await asyncio.gather(self.counts(), self._site.figures.runs())
        chips = {
            f"run status {name}": partial(f"#run-status-{name}", "textContent", compact(count))
            for name, count in (*by_status.items(), ("any", sum(by_status.values())))
        }
        return {**counts, **chips}

    async def _layers(self) -> Fragments:
        block = self._site.renderer.block("layers", "measured", **await topology.shown(self._site))
        layers = {"layers": partial("#measured", "outerMorph", block)}
        try:
            return {**await self.counts(), **layers}
        except PlatformError:  # what shows that the data layer is gone must not wait for it
            return layers
