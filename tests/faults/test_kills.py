"""`kill -9` in a storm of writes: what was answered is there, and everything that is there is published.

`AGENTIC_KILLS` says how often (5 in the suite; `make torture` asks for 50) and prints the counts.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable

import httpx2
import pytest

from agentic.layers.L01_data_layer.client import L01Client
from tests.kit.evidence import Answered, broken_invariants, listening, lost, settle, storm
from tests.kit.process import DataLayerProcess

pytestmark = pytest.mark.anyio

KILLS = int(os.environ.get("AGENTIC_KILLS", "5"))


async def until(holds: Callable[[], bool], within: float = 30.0) -> None:
    async with asyncio.timeout(within):
        while not holds():
            await asyncio.sleep(0.01)


async def test_what_was_answered_survives_any_kill(database_url: str, redis_url: str) -> None:
    answered = Answered()
    async with listening(redis_url) as heard, DataLayerProcess(database_url, redis_url) as process:
        for kill in range(KILLS):
            before = answered.count
            blowing = asyncio.create_task(storm([process.url], answered))
            await until(lambda before=before: answered.count > before + random.randint(20, 200))
            process.kill()
            blowing.cancel()
            await asyncio.gather(blowing, return_exceptions=True)
            await process.start()
            print(f"kill {kill + 1} of {KILLS}: {answered.count} writes answered so far")
        events = await settle(database_url)
        await until(lambda: {event["position"] for event in heard} >= set(range(1, events + 1)))
    assert await lost(database_url, answered) == {}
    assert await broken_invariants(database_url) == {}
    print(
        f"{KILLS} kills, {answered.count} answered writes, {events} events, {len(heard)} messages: nothing lost"
    )


async def test_two_processes_share_a_database_and_either_takes_the_relay_over(
    database_url: str, redis_url: str
) -> None:
    answered = Answered()
    seen: list[int] = []
    first, second = DataLayerProcess(database_url, redis_url), DataLayerProcess(database_url, redis_url)
    async with listening(redis_url) as heard, first, second:
        blowing = asyncio.create_task(storm([first.url, second.url], answered))
        for process in (first, second, first):
            before = answered.count
            await until(lambda before=before: answered.count > before + 40)
            process.kill()
            after = answered.count
            await until(lambda after=after: answered.count > after + 40)
            await process.start()
        blowing.cancel()
        await asyncio.gather(blowing, return_exceptions=True)
        events = await settle(database_url)
        await until(lambda: {event["position"] for event in heard} >= set(range(1, events + 1)))

        async with L01Client(second.url) as client:
            while len(seen) < events:
                page = await client.events.list(after=seen[-1] if seen else 0, limit=1000)
                seen.extend(event["position"] or 0 for event in page["items"])
    assert seen == list(range(1, events + 1))
    assert await lost(database_url, answered) == {}
    assert await broken_invariants(database_url) == {}


async def test_an_answer_is_given_only_after_the_commit(database_url: str, redis_url: str) -> None:
    """Killed as soon as the answer is here, the record is there."""
    async with DataLayerProcess(database_url, redis_url) as process:
        for _ in range(3):
            async with httpx2.AsyncClient(base_url=process.url, trust_env=False) as http:
                answer = await http.post("/agents", json={"name": "answered"})
                process.kill()
            await process.start()
            async with httpx2.AsyncClient(base_url=process.url, trust_env=False) as http:
                assert (await http.get(f"/agents/{answer.json()['id']}")).json() == answer.json()
