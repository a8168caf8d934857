"""Several processes on one data layer: one of them delivers, and another when it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L11_integration.layer import Integration
from agentic.layers.L11_integration.turn import NAME
from tests.layers.L11.conftest import caught_up, eventually, integration_over, publish
from tests.layers.L11.receiver import Receiver, receiving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    """Somebody else's server."""
    async with receiving() as running:
        yield running


async def status(layer: Integration) -> str:
    """How the webhook fares, as this process says."""
    return (await layer.local_client().subscription("w"))["status"]


async def until(layer: Integration, wanted: str) -> None:
    """Returns when the webhook fares so."""
    async with asyncio.timeout(20):
        while await status(layer) != wanted:
            await asyncio.sleep(0.01)


async def one_delivers(l01: L01Client, *layers: Integration) -> None:
    """Returns when one of these has its turn; no other does."""
    await eventually(lambda: any(layer.stored.delivers for layer in layers))
    assert [layer.stored.delivers for layer in layers].count(True) == 1
    (lease,) = (await l01.leases.list())["items"]
    assert lease["name"] == NAME


async def test_one_delivers_and_the_next_goes_on_when_it_stops(
    l01_local: L01Client, receiver: Receiver
) -> None:
    async with (
        integration_over(l01_local, turn=0.6) as second,
        integration_over(l01_local, turn=60) as first,
    ):
        await one_delivers(l01_local, first, second)
        await second.local_client().subscribe("w", "webhook", "agent.told", target={"url": receiver.url})
        one, other = (first, second) if first.stored.delivers else (second, first)
        await until(one, "following")
        assert await status(other) == "elsewhere"
        await publish(l01_local, *range(30))
        await receiver.until(lambda: len(receiver.taken) >= 30)
        await caught_up(l01_local, one.local_client(), "w")
    # Both have stopped: a third goes on where they were, and sends nothing again.
    async with integration_over(l01_local) as third:
        await until(third, "following")
        await publish(l01_local, *range(30, 40))
        await receiver.until(lambda: len(receiver.taken) >= 40)
        await caught_up(l01_local, third.local_client(), "w")
        assert receiver.numbers == list(range(40))


async def test_who_stops_hands_over_while_the_other_waits(l01_local: L01Client, receiver: Receiver) -> None:
    async with integration_over(l01_local, turn=60) as first:
        await one_delivers(l01_local, first)
        await first.local_client().subscribe("w", "webhook", "agent.told", target={"url": receiver.url})
        async with integration_over(l01_local, turn=0.6) as second:
            await until(first, "following")
            await publish(l01_local, *range(10))
            await receiver.until(lambda: len(receiver.taken) >= 10)
            await first.stored.take_turn(False)  # as it does when it stops
            await l01_local.leases.hold(NAME, first.turn.holder, 0)
            await until(second, "following")
            assert await status(first) == "elsewhere"
            await publish(l01_local, *range(10, 20))
            await receiver.until(lambda: len(receiver.taken) >= 20)
            await caught_up(l01_local, second.local_client(), "w")
            assert receiver.numbers == list(range(20))


async def test_who_has_lost_its_turn_delivers_no_more(
    l01_local: L01Client, data_layer: DataLayer, receiver: Receiver
) -> None:
    """It was stopped for longer than its lease, and somebody else has it now."""
    async with integration_over(l01_local, turn=0.3) as layer:
        await one_delivers(l01_local, layer)
        await layer.local_client().subscribe("w", "webhook", "agent.told", target={"url": receiver.url})
        await until(layer, "following")
        await data_layer.database.write(
            "UPDATE leases SET holder = 'somebody', until = now() + interval '1 hour' WHERE name = $1", NAME
        )
        await until(layer, "elsewhere")
        await publish(l01_local, 1)
        await asyncio.sleep(0.2)
        assert receiver.taken == []
        await data_layer.database.write("UPDATE leases SET until = now() WHERE name = $1", NAME)
        await receiver.until(lambda: len(receiver.taken) == 1)


async def test_feeds_are_read_wherever_their_readers_come(l01_local: L01Client) -> None:
    async with integration_over(l01_local) as first, integration_over(l01_local) as second:
        await first.local_client().subscribe("f", "feed", "agent.told")
        for layer in (first, second):
            await eventually(lambda layer=layer: "f" in layer.router.subscriptions)
