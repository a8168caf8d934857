"""The last event of each layer, of those that tell of its work."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L10_human_interface.layer_health import BY_ID, LayerMonitor
from agentic.layers.L10_human_interface.remembered import Remembered
from agentic.layers.L10_human_interface.rows import EventRow, Rows

FRESH: Final = 1.0


class LastEvents:
    """Asked for once by all who look. A data layer that cannot be asked has none to show, and is shown to be down."""

    def __init__(self, l01: L01Client, monitor: LayerMonitor, rows: Rows) -> None:
        self._l01 = l01
        self._monitor = monitor
        self._rows = rows
        self.known = Remembered(self._ask, FRESH)

    async def _ask(self) -> Mapping[str, EventRow]:
        ids = [layer.id for layer in await self._monitor.layers()]
        try:
            events = await asyncio.gather(*map(self._newest, ids))
            there = {layer_id: event for layer_id, event in zip(ids, events, strict=True) if event}
            rows = await self._rows.of_events(list(there.values()))
        except PlatformError:
            return {}
        return dict(zip(there, rows, strict=True))

    async def _newest(self, layer_id: str) -> Event | None:
        known = BY_ID.get(layer_id)
        if known is None or not known.events:
            return None
        items = (await self._l01.events.list(event_type=known.events, limit=1))["items"]
        return items[0] if items else None
