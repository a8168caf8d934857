"""Live readers beside a relay, beside one that stands by, and on a bus where others talk too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import uuid4

import pytest

from agentic.layers.base import jsonio
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.feed import EventFeed, Filter
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.redis_client import CHANNEL
from agentic.layers.L01_data_layer.settings import L01Settings

pytestmark = pytest.mark.anyio

PATIENCE = 15.0


@pytest.fixture
async def standing_by(data_layer: DataLayer, l01_settings: L01Settings) -> AsyncGenerator[DataLayer]:
    """A second platform on the same database: the first one leads."""
    async with asyncio.timeout(PATIENCE):
        while not data_layer.relay.leading:
            await asyncio.sleep(0.01)
    layer = DataLayer(Context(), l01_settings)
    async with layer.running():
        yield layer


async def next_types(layer: DataLayer, after: int, count: int) -> list[str]:
    seen: list[str] = []
    async with asyncio.timeout(PATIENCE), aclosing(layer.feed.follow(after, Filter())) as batches:
        async for batch in batches:
            seen.extend(event.event_type for event in batch)
            if len(seen) >= count:
                return seen
    return seen


async def test_a_reader_beside_another_relay_hears_what_either_wrote(
    data_layer: DataLayer, standing_by: DataLayer
) -> None:
    reading = asyncio.create_task(next_types(standing_by, 0, 2))
    await L01Client(backend=data_layer.backend).publish_event("here.written", "thing", uuid4(), {})
    await L01Client(backend=standing_by.backend).publish_event("there.written", "thing", uuid4(), {})
    assert sorted(await reading) == ["here.written", "there.written"]
    assert not standing_by.relay.leading


async def test_a_reader_hears_what_was_written_before_its_feed_began(data_layer: DataLayer) -> None:
    l01 = L01Client(backend=data_layer.backend)
    feed = EventFeed(data_layer.database, data_layer.bus, asyncio.Event())
    await l01.publish_event("first.written", "thing", uuid4(), {})
    await next_types(data_layer, 0, 1)
    async with asyncio.timeout(PATIENCE), aclosing(feed.follow(0, Filter())) as batches:
        assert [event.event_type for event in await anext(batches)] == ["first.written"]
        await l01.publish_event("second.written", "thing", uuid4(), {})
        await next_types(data_layer, 1, 1)
        running = asyncio.create_task(feed.run())
        assert [event.event_type for event in await anext(batches)] == ["second.written"]
        running.cancel()


async def test_what_another_platform_publishes_is_not_taken_for_an_event_of_ours(
    data_layer: DataLayer, standing_by: DataLayer
) -> None:
    foreign = {
        "event_type": "foreign.event",
        "aggregate_type": "thing",
        "aggregate_id": str(uuid4()),
        "payload": {},
        "id": str(uuid4()),
        "position": 1,
        "version": 1,
        "metadata": {},
        "created_at": "2026-01-01T00:00:00.000000Z",
    }
    readings = [asyncio.create_task(next_types(layer, 0, 1)) for layer in (data_layer, standing_by)]
    await data_layer.bus.publish(CHANNEL, [jsonio.encode(foreign), b"no JSON at all"])
    await L01Client(backend=data_layer.backend).publish_event("our.event", "thing", uuid4(), {})
    assert await asyncio.gather(*readings) == [["our.event"], ["our.event"]]
