"""Limits in a minute: counted together by all, refused with the time to wait, and closed for what costs money without Redis."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L04_model_gateway.errors import LimitsUnavailableError, RateLimitedError
from agentic.layers.L04_model_gateway.layer import ModelGateway
from agentic.layers.L04_model_gateway.limits import Bucket, Meter
from agentic.layers.L04_model_gateway.models import LIMITS
from tests.kit.providers import CountingProvider, Reply
from tests.kit.servers import BusServer
from tests.layers.L04.conftest import Configure, chat

pytestmark = pytest.mark.anyio
CHAT = "/v1/chat/completions"


def bucket(unit: str = "requests", per_minute: int = 10) -> Bucket:
    return Bucket("key", str(uuid4()), unit, per_minute)


@pytest.fixture
async def meter(redis_url: str) -> Any:
    """Counts in the tests' Redis."""
    meter = Meter(redis_url)
    yield meter
    await meter.close()


async def drawn(meter: Meter, *buckets: Bucket, tokens: int = 0) -> bool:
    try:
        await meter.draw(buckets, tokens, paid=True)
    except RateLimitedError:
        return False
    return True


async def test_many_at_once_draw_no_more_than_there_is(meter: Meter, redis_url: str) -> None:
    other = Meter(redis_url)
    wanted = bucket(per_minute=10)
    results = await asyncio.gather(*(drawn(each, wanted) for each in (meter, other) for _ in range(20)))
    assert sum(results) in (10, 11), "one may have grown meanwhile"
    await other.close()


async def test_a_refusal_says_when_there_is_room(meter: Meter) -> None:
    wanted = bucket(per_minute=2)
    assert await drawn(meter, wanted)
    assert await drawn(meter, wanted)
    with pytest.raises(RateLimitedError) as refused:
        await meter.draw((wanted,), 0, paid=False)
    assert 25 <= refused.value.members["retry_after"] <= 30
    assert refused.value.members["unit"] == "requests"


async def test_all_buckets_are_drawn_from_or_none(meter: Meter) -> None:
    wide, narrow = bucket(per_minute=3), bucket(per_minute=1)
    assert await drawn(meter, wide, narrow)
    for _ in range(5):
        assert not await drawn(meter, wide, narrow)
    assert await drawn(meter, wide)
    assert await drawn(meter, wide)
    assert not await drawn(meter, wide)


async def test_tokens_are_corrected_by_what_was_used(meter: Meter) -> None:
    wanted = bucket("tokens", 1000)
    held = await meter.draw((wanted,), 900, paid=True)
    assert not await drawn(meter, wanted, tokens=500)
    meter.settle(held, 100)
    while not await drawn(meter, wanted, tokens=500):
        await asyncio.sleep(0.005)
    held = await meter.draw((wanted,), 300, paid=True)
    meter.settle(held, 5000)
    while await drawn(meter, wanted, tokens=1):
        await asyncio.sleep(0.005)


async def test_a_call_that_is_larger_than_the_bucket_passes_when_it_is_full(meter: Meter) -> None:
    wanted = bucket("tokens", 100)
    assert await drawn(meter, wanted, tokens=1000)
    assert not await drawn(meter, wanted, tokens=1)


async def test_without_redis_only_what_is_free_is_asked(own_bus: BusServer) -> None:
    own_bus.start()
    meter = Meter(own_bus.url)
    wanted = bucket()
    await meter.draw((wanted,), 0, paid=True)
    own_bus.stop()
    with pytest.raises(LimitsUnavailableError):
        await meter.draw((wanted,), 0, paid=True)
    assert (await meter.draw((wanted,), 0, paid=False)).buckets == ()
    own_bus.start()
    await meter.draw((wanted,), 0, paid=True)
    await meter.close()


async def test_limits_of_configuration_hold_for_their_subjects(
    api: httpx2.AsyncClient, layer: ModelGateway, openai: CountingProvider, l01_local: L01Client
) -> None:
    one, two = [(await l01_local.create_agent(name))["id"] for name in ("one", "two")]
    await l01_local.config.set(LIMITS, "agents", {"scope": "agent", "requests_per_minute": 2})
    while not layer.catalogue.limits:
        await asyncio.sleep(0.005)

    async def ask(agent: str, **fields: Any) -> int:
        response = await api.post(CHAT, json=chat(**fields), headers={"X-Agent-Id": agent})
        if response.status_code == 429:
            assert response.json()["error"]["code"] == "E4010"
            assert response.json()["error"]["scope"] == "agent"
            assert int(response.headers["retry-after"]) > 0
            assert "x-should-retry" not in response.headers
        return response.status_code

    assert [await ask(one), await ask(one, stream=True), await ask(one)] == [200, 200, 429]
    assert [await ask(two), await ask(two), await ask(two)] == [200, 200, 429]
    assert (await api.post(CHAT, json=chat())).status_code == 200, "no agent, no limit"
    assert len(openai.calls) == 5


async def test_a_provider_at_its_limit_is_passed_over_for_another(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, other: CountingProvider
) -> None:
    name = f"first-{uuid4().hex[:8]}"  # the tests' Redis outlives a test, and so do its buckets
    await configure(name, "openai", provider, order=1, limits={"tokens_per_minute": 100})
    await configure("second", "openai", other, order=2)
    provider.otherwise = Reply(input_tokens=1000)
    asked = [(await api.post(CHAT, json=chat())).headers["x-model-provider"] for _ in range(2)]
    while asked[-1] != "second":
        asked.append((await api.post(CHAT, json=chat())).headers["x-model-provider"])
    assert asked[0] == name
