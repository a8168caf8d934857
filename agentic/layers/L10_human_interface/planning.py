"""The layer that makes plans and has them carried out; pages do without it where it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from agentic.layers.base.errors import PlatformError
from agentic.layers.L05_planning.client import L05Client, Report
from agentic.layers.L10_human_interface.layer_health import LayerMonitor
from agentic.layers.L10_human_interface.neighbour import Neighbour

WITHOUT: Final = "goals and plans can be read here, plans not made or carried out"


class Planning(Neighbour[L05Client]):
    """L05, or its absence."""

    def __init__(self, client: Callable[[], L05Client], monitor: LayerMonitor) -> None:
        super().__init__("L05", "planning", client, monitor, WITHOUT)

    async def report(self, plan_id: str) -> Report | None:
        """What is to be said of a plan before it runs; none when nobody is there to say it."""
        if not await self.there():
            return None
        try:
            return await (await self.client()).check(plan_id)
        except PlatformError:
            return None

    async def templates(self) -> list[str]:
        """The names of the templates; none when they are not to be had."""
        if not await self.there():
            return []
        try:
            return [template["name"] for template in await (await self.client()).templates()]
        except PlatformError:
            return []
