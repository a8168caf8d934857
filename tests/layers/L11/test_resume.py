"""Nothing is missed across restarts, kills, and a bus or a data layer that is away."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L01_data_layer.settings import L01Settings
from agentic.layers.L11_integration.layer import Integration
from agentic.layers.L11_integration.router import EventRouter
from tests.kit.servers import BusServer
from tests.layers.L11.conftest import EAGER, PATIENCE, Recorder, eventually, publish

pytestmark = pytest.mark.anyio


async def run_until(router: EventRouter, recorder: Recorder, count: int) -> None:
    async with router.running():
        await recorder.until(count)


async def test_a_new_subscriber_begins_with_what_comes_and_keeps_its_place_from_then_on(
    make_router: Callable[..., EventRouter], l01_local: L01Client
) -> None:
    await publish(l01_local, "history")
    await eventually_placed(l01_local, 1)
    router = make_router()
    subscription = router.subscribe("x", "*", Recorder())
    async with router.running():
        await eventually(lambda: subscription.cursor.position == 1)
    await publish(l01_local, "while away")
    router, recorder = make_router(), Recorder()
    router.subscribe("x", "*", recorder)
    await run_until(router, recorder, 1)
    assert recorder.numbers == ["while away"]


async def test_a_restart_goes_on_where_it_stopped(
    make_router: Callable[..., EventRouter], l01_local: L01Client
) -> None:
    taken: list[int] = []
    for first in range(0, 100, 25):
        router, recorder = make_router(save_every=1000, save_within=3600), Recorder()
        router.subscribe("x", "agent.*", recorder)
        async with router.running():
            await eventually(lambda each=router: each.subscriptions["x"].status == "following")
            await publish(l01_local, *range(first, first + 20))
            await recorder.until(20 if first == 0 else 25)
        await publish(l01_local, *range(first + 20, first + 25))  # while nobody listens
        taken.extend(recorder.numbers)
    assert taken == list(range(95))


async def test_a_place_beyond_the_log_is_not_waited_for(
    make_router: Callable[..., EventRouter], l01_local: L01Client
) -> None:
    await l01_local.cursors.set("L11.x", 10**6)
    router, recorder = make_router(), Recorder()
    subscription = router.subscribe("x", "*", recorder)
    async with router.running():
        await eventually(lambda: subscription.status == "following")
        await publish(l01_local, "new")
        await recorder.until(1)
    assert recorder.numbers == ["new"]


async def test_an_event_in_hand_at_the_stop_comes_again(
    make_router: Callable[..., EventRouter], l01_local: L01Client
) -> None:
    begun = asyncio.Event()

    async def hang(event: Event) -> None:
        begun.set()
        await asyncio.Event().wait()

    router = make_router()
    subscription = router.subscribe("x", "*", hang)
    async with router.running():
        await eventually(lambda: subscription.status == "following")
        await publish(l01_local, 1)
        async with asyncio.timeout(PATIENCE):
            await begun.wait()
    assert subscription.status == "stopped"
    router, recorder = make_router(), Recorder()
    router.subscribe("x", "*", recorder)
    await run_until(router, recorder, 1)
    assert recorder.numbers == [1]


async def eventually_placed(l01: L01Client, position: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while await l01.events.head() < position:
            await asyncio.sleep(0.005)


SUBSCRIBER = """
import asyncio, os, signal, sys
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.settings import L01Settings
from agentic.layers.L11_integration.router import EventRouter
from agentic.layers.L11_integration.settings import L11Settings

most, last = int(sys.argv[3]), int(sys.argv[4])
taken = []

async def handle(event):
    print("took", event["payload"], flush=True)
    taken.append(event["payload"])
    if len(taken) == most or taken[-1] == last:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    layer = DataLayer(Context(), L01Settings(database_url=sys.argv[1], redis_url=sys.argv[2]))
    async with layer.running():
        router = EventRouter(layer.local_client, L11Settings(save_every=10, save_within=3600))
        router.subscribe("durable", "agent.*", handle)
        async with router.running():
            await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_kill_between_handling_and_saving_repeats_and_loses_nothing(
    l01_settings: L01Settings, l01_local: L01Client, make_router: Callable[..., EventRouter]
) -> None:
    first = make_router()
    first.subscribe("durable", "agent.*", Recorder())
    async with first.running():
        await eventually(lambda: first.subscriptions["durable"].cursor.position is not None)
    count = 200
    await publish(l01_local, *range(count))
    seen: list[int] = []
    while not seen or seen[-1] < count - 1:
        new = await _taken_until_killed(l01_settings, 37, count - 1)
        assert new == list(range(new[0], new[-1] + 1)), "in order, within one life"
        expected = 0 if not seen else seen[-1] + 1 - 37 % 10
        assert new[0] == expected, "from the saved place on: nothing skipped, and less than a batch again"
        seen.extend(new)
    assert set(seen) == set(range(count))


async def _taken_until_killed(settings: L01Settings, most: int, last: int) -> list[int]:
    """What a process of its own took until it was killed in its handler, at its `most`th event or the `last` one."""
    command = [
        sys.executable,
        "-c",
        SUBSCRIBER,
        settings.database_url,
        settings.redis_url,
        str(most),
        str(last),
    ]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    async with asyncio.timeout(3 * PATIENCE):
        printed, _ = await process.communicate()
    assert process.returncode == -signal.SIGKILL
    return [int(line.split()[1]) for line in printed.splitlines() if line.startswith(b"took ")]


async def test_without_the_bus_events_come_all_the_same(database_url: str, own_bus: BusServer) -> None:
    own_bus.start()
    settings = L01Settings(database_url=database_url, redis_url=own_bus.url)
    leader, other = DataLayer(Context(), settings), DataLayer(Context(), settings)
    async with leader.running(), AsyncExitStack() as stack:
        await eventually(lambda: leader.relay.leading)
        await stack.enter_async_context(
            other.running()
        )  # hears of events over the bus, or by looking at the log
        router, recorder = EventRouter(other.local_client, EAGER), Recorder()
        subscription = router.subscribe("x", "*", recorder)
        await stack.enter_async_context(router.running())
        await eventually(lambda: subscription.status == "following")
        l01 = leader.local_client()
        await publish(l01, 1)
        await recorder.until(1)
        own_bus.stop()
        await publish(l01, 2, 3)
        await recorder.until(3)
        own_bus.start()
        await publish(l01, 4, 5)
        await recorder.until(5)
    assert recorder.numbers == [1, 2, 3, 4, 5]


async def test_a_data_layer_that_is_away_is_waited_for(l01_settings: L01Settings) -> None:
    context = Context()
    context.give(L01Client("http://127.0.0.1:9"))
    integration = Integration(context, EAGER)
    recorder = Recorder()
    integration.router.subscribe("x", "agent.*", recorder)
    async with integration.running():
        await eventually(lambda: integration.router.subscriptions["x"].status == "waiting")
        assert (await integration.health())["status"] == "down"
        layer = DataLayer(Context(), l01_settings)
        async with layer.running():
            context.give(layer.local_client())
            everyone = integration.router.subscriptions.values()
            await eventually(lambda: all(each.status == "following" for each in everyone))
            assert (await integration.health())["status"] == "ok"
            await publish(layer.local_client(), 1)
            await recorder.until(1)
    assert recorder.numbers == [1]
