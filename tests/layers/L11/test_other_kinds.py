"""Streams for programs of others, feeds that are read, and what handlers could not take."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import redis.asyncio as redis

from agentic.layers.base import jsonio
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L11_integration.client import L11Client
from agentic.layers.L11_integration.errors import NotStoredError
from agentic.layers.L11_integration.layer import Integration
from tests.kit.http import served
from tests.layers.L11.conftest import PATIENCE, Recorder, caught_up, eventually, publish

pytestmark = pytest.mark.anyio


async def entries(redis_url: str, stream: str) -> list[tuple[str, Any]]:
    """What a program of somebody else's reads in a stream: ids, and what the events say."""
    client: Any = redis.Redis.from_url(redis_url)
    try:
        found = await client.xrange(f"l11:{stream}")
    finally:
        await client.aclose()
    return [(entry_id.decode(), jsonio.decode(fields[b"event"])["payload"]) for entry_id, fields in found]


async def test_a_stream_gets_each_event_once_in_order_and_again_when_replayed(
    l11: L11Client, l01_local: L01Client, redis_url: str
) -> None:
    stream = str(uuid4())  # of this test alone: the bus is shared
    await l11.subscribe("s", "stream", "agent.told", target={"stream": stream})
    events = await publish(l01_local, 1, 2, 3)
    await caught_up(l01_local, l11, "s")
    positions = [(await l01_local.events.get(event["id"]))["position"] for event in events]
    assert await entries(redis_url, stream) == [
        (f"1-{position}", number) for number, position in enumerate(positions, 1)
    ]
    entry = {"generation": 1, "position": positions[0], "event": "{}"}
    assert (await l01_local.streams.add(stream, [entry]))["added"] == 0, "what is there is not added again"
    await l11.replay("s", position=positions[1])
    await caught_up(l01_local, l11, "s")
    assert [number for _, number in await entries(redis_url, stream)] == [1, 2, 3, 3]


async def read(client: httpx2.AsyncClient, count: int, headers: dict[str, str] | None = None) -> list[Any]:
    """The first events of a feed, as (position, payload)."""
    found: list[Any] = []
    async with client.stream("GET", "/subscriptions/f/events", headers=headers or {}) as response:
        assert response.status_code == 200
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                event = jsonio.decode(line[6:])
                found.append((event["position"], event["payload"]))
                if len(found) == count:
                    break
    return found


async def test_a_feed_goes_on_where_its_reader_was(
    integrated: Integration, l11: L11Client, l01_local: L01Client
) -> None:
    await l11.subscribe("f", "feed", "agent.told")
    async with (
        served(integrated.app()) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE) as client,
    ):
        await publish(l01_local, 1, 2)
        first = await read(client, 2)
        assert [payload for _, payload in first] == [1, 2]
        await publish(l01_local, 3)
        # The end of the last one may not have been told to us: who wants to be sure says where it was.
        headers = {"last-event-id": str(first[0][0])}
        assert [payload for _, payload in await read(client, 2, headers)] == [2, 3]
        await l11.acknowledge("f", first[1][0])
        assert [payload for _, payload in await read(client, 1)] == [3]
        refused = await client.get("/subscriptions/f/events", headers={"last-event-id": "x"})
        assert refused.status_code == 422
        nobody = await client.get("/subscriptions/agent/events")
        assert nobody.json()["code"] == "E11010"


async def test_a_dead_letter_of_a_handler_can_be_retried(
    integrated: Integration, l11: L11Client, l01_local: L01Client
) -> None:
    broken = [True]

    def fail(event: Event) -> None:
        if broken[0]:
            raise ValueError("not yet")

    recorder = Recorder(fail)
    subscription = integrated.router.subscribe("fussy", "agent.told", recorder)
    await eventually(lambda: subscription.status == "following")
    await publish(l01_local, 1)
    await eventually(lambda: subscription.parked == 1)
    (letter,) = (await l11.dead_letters("fussy"))["items"]
    assert (letter["attempts"], letter["error"]) == (3, "ValueError: not yet")
    broken[0] = False
    assert (await l11.retry("fussy", letter["position"]))["status"] == "delivered"
    assert recorder.numbers == [1]
    assert (await l11.dead_letters("fussy"))["items"] == []
    with pytest.raises(NotStoredError):
        await l11.pause("fussy")


async def test_what_another_process_changes_is_heard(
    integrated: Integration, l11: L11Client, l01_local: L01Client
) -> None:
    made = await l01_local.subscriptions.create(name="f", kind="feed", event_type="*")
    await eventually(lambda: "f" in integrated.router.subscriptions)
    await l01_local.subscriptions.update(made["id"], {"enabled": False})
    await eventually(lambda: "f" not in integrated.router.subscriptions)
    await l01_local.subscriptions.update(made["id"], {"enabled": True, "event_type": "a.*"})
    await eventually(lambda: "f" in integrated.router.subscriptions)
    assert (await l11.subscription("f"))["pattern"] == "a.*"
    await l01_local.subscriptions.delete(made["id"])
    await eventually(lambda: "f" not in integrated.router.subscriptions)
    async with asyncio.timeout(PATIENCE):
        assert "f" not in [each["name"] for each in await l11.subscriptions()]
