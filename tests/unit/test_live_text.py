"""Live text ends when it is told to, although what lies below may swallow that it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.feed import EventFeed
from agentic.layers.L01_data_layer.live_text import LiveTexts
from agentic.layers.L01_data_layer.redis_client import Bus

pytestmark = pytest.mark.anyio


class SwallowingBus(Bus):
    """Python 3.11's `wait_for` loses a cancellation that comes in the moment in which its work is done. So does this."""

    def __init__(self) -> None:
        super().__init__("redis://127.0.0.1:1")
        self.at_work = asyncio.Event()

    async def publish(self, channel: str, messages: list[bytes]) -> None:
        await self._work()

    async def subscribe(self, channel: str) -> AsyncGenerator[bytes | None]:
        while True:
            await self._work()
            yield None

    async def _work(self) -> None:
        self.at_work.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return


async def test_the_feed_of_events_ends_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    bus, elsewhere = SwallowingBus(), asyncio.Event()
    elsewhere.set()
    feed = EventFeed(Database("postgresql://nowhere"), bus, elsewhere)

    async def head() -> int:
        return 0

    monkeypatch.setattr(feed, "head", head)
    task = asyncio.create_task(feed.run())
    async with asyncio.timeout(20):
        await bus.at_work.wait()
        task.cancel()
        await asyncio.wait({task})


@pytest.mark.parametrize("work", ["send", "hear"])
async def test_a_cancellation_that_was_swallowed_ends_it_all_the_same(work: str) -> None:
    bus = SwallowingBus()
    texts = LiveTexts(bus)
    task = asyncio.create_task(getattr(texts, work)())
    async with asyncio.timeout(20), aclosing(texts.listen("run")) as heard:
        first = asyncio.ensure_future(anext(heard))
        await asyncio.sleep(0)
        texts.tell("run", {"n": 1})
        assert (await first)["payload"] == {"n": 1}
        await bus.at_work.wait()
        task.cancel()
        await asyncio.wait({task})


async def test_rubbish_on_the_channel_is_passed_over() -> None:
    texts = LiveTexts(SwallowingBus())
    for rubbish in (b"", b"{", b"[]", b"1", b'{"metadata":null}', b'{"metadata":{"origin":"x"}}'):
        texts._take(rubbish)
