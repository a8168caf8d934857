"""The log, once the relay has seen all of it."""

from __future__ import annotations

import asyncio

from agentic.layers.L01_data_layer.client import L01Client

PATIENCE = 20.0


async def settled(l01: L01Client) -> int:
    """The last position, once every event has one."""
    async with asyncio.timeout(PATIENCE):
        while any(event["position"] is None for event in await l01.query_events(limit=1000)):
            await asyncio.sleep(0.005)
    return await l01.events.head()
