"""What a subscriber gets: everything it wants, in order, again when it failed, whatever the others do."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L11_integration.dead_letters import DEAD_LETTERED, aggregate_id
from agentic.layers.L11_integration.errors import PatternError, SubscriptionExistsError
from agentic.layers.L11_integration.router import EventRouter
from tests.layers.L11.conftest import Recorder, eventually, publish

pytestmark = pytest.mark.anyio


async def ready(router: EventRouter) -> None:
    """Returns when every subscriber hears what comes."""
    await eventually(lambda: all(each.status == "following" for each in router.subscriptions.values()))


async def test_a_subscriber_gets_what_it_wants_in_order_and_once(
    router: EventRouter, l01_local: L01Client
) -> None:
    agents, everything = Recorder(), Recorder()
    router.subscribe("agents", "agent.*", agents)
    router.subscribe("everything", "*", everything)
    await ready(router)
    await asyncio.gather(
        *(publish(l01_local, *range(n, n + 20), event_type="agent.told") for n in range(0, 200, 20)),
        *(publish(l01_local, *range(n, n + 20), event_type="tool.told") for n in range(0, 200, 20)),
    )
    await everything.until(400)
    await agents.until(200)
    assert {event["event_type"] for event in agents.events} == {"agent.told"}
    for recorder in (agents, everything):
        positions = [event["position"] for event in recorder.events]
        assert positions == sorted(set(positions))
    assert agents.events == [event for event in everything.events if event["event_type"] == "agent.told"]


async def test_an_event_comes_as_the_log_has_it(router: EventRouter, l01_local: L01Client) -> None:
    recorder = Recorder()
    router.subscribe("x", "*", recorder)
    await ready(router)
    (event,) = await publish(l01_local, {"big": 10**30, "none": None, "text": "\u2028é"})
    assert await recorder.until(1) == [await l01_local.events.get(event["id"])]


async def test_a_failed_event_is_tried_again_before_the_next(
    router: EventRouter, l01_local: L01Client
) -> None:
    tries: list[Any] = []

    def fail_twice(event: Event) -> None:
        tries.append(event["payload"])
        event["payload"] = "spoilt by the handler"
        if tries.count(1) < 3:
            raise ValueError("not yet")

    recorder = Recorder(fail_twice)
    subscription = router.subscribe("x", "*", recorder)
    await ready(router)
    await publish(l01_local, 1, 2)
    await recorder.until(2)
    assert tries == [1, 1, 1, 2]
    assert (subscription.delivered, subscription.parked) == (2, 0)
    assert subscription.last_error is not None
    assert subscription.last_error["error"] == "ValueError: not yet"


async def test_an_event_that_cannot_be_delivered_becomes_a_dead_letter(
    router: EventRouter, l01_local: L01Client
) -> None:
    tries: Counter[Any] = Counter()

    def fail_at_one(event: Event) -> None:
        tries[event["payload"]] += 1
        if event["payload"] == 1:
            raise ValueError("no \0 \ud800 way")

    recorder = Recorder(fail_at_one)
    subscription = router.subscribe("fussy", "agent.*", recorder)
    await ready(router)
    bad, _ = await publish(l01_local, 1, 2)
    await recorder.until(1)
    assert recorder.numbers == [2]
    assert tries == {1: 3, 2: 1}
    assert subscription.parked == 1
    (letter,) = (await l01_local.events.list(event_type=DEAD_LETTERED))["items"]
    assert (letter["aggregate_type"], letter["aggregate_id"]) == ("subscription", str(aggregate_id("fussy")))
    assert letter["payload"]["subscription"] == "fussy"
    assert letter["payload"]["attempts"] == 3
    assert letter["payload"]["error"].startswith("ValueError: no")
    assert letter["metadata"]["causation_id"] == bad["id"]
    kept = letter["payload"]["event"]
    again = await l01_local.events.get(kept["id"])
    assert (again["payload"], again["position"]) == (1, kept["position"])


async def test_one_who_always_fails_gets_no_letters_about_letters(
    router: EventRouter, l01_local: L01Client
) -> None:
    def fail(event: Event) -> None:
        raise RuntimeError("never")

    subscriptions = [router.subscribe(name, "*", Recorder(fail)) for name in ("a", "b")]
    await ready(router)
    await publish(l01_local, 1, 2)
    for subscription in subscriptions:
        await eventually(lambda each=subscription: each.parked == 6)  # two events, and two letters of each
    head = await l01_local.events.head()
    assert head == 6
    for subscription in subscriptions:
        await eventually(lambda each=subscription: each.cursor.position == head)


@pytest.mark.parametrize("how", ["hangs", "fails", "is slow"])
async def test_nobody_waits_for_another(
    make_router: Callable[..., EventRouter], l01_local: L01Client, how: str
) -> None:
    go_on = asyncio.Event()

    async def hinder(event: Event) -> None:
        if how == "fails" and not go_on.is_set():
            raise ValueError("still failing")
        if how == "is slow":
            await asyncio.sleep(0)
        if how == "hangs":
            await go_on.wait()

    router = make_router(attempts=10**6)
    slow, quick = Recorder(hinder), Recorder()
    router.subscribe("slow", "*", slow)
    router.subscribe("quick", "*", quick)
    async with router.running():
        await ready(router)
        count = 3000  # more than a reader's buffer holds: the slow one goes back to the log
        for first in range(0, count, 1000):
            await publish(l01_local, *range(first, first + 1000))
        await quick.until(count)
        assert quick.numbers == list(range(count))
        go_on.set()
        await slow.until(count)
        assert slow.numbers == list(range(count))


async def test_a_handler_that_takes_too_long_has_failed(
    make_router: Callable[..., EventRouter], l01_local: L01Client
) -> None:
    async def hang(event: Event) -> None:
        if event["payload"] == 1:
            await asyncio.Event().wait()

    router, recorder = make_router(attempts=2, handler_limit=0.01), Recorder(hang)
    subscription = router.subscribe("x", "*", recorder)
    async with router.running():
        await ready(router)
        await publish(l01_local, 1, 2)
        await recorder.until(1)
    assert (recorder.numbers[0], subscription.parked) == (2, 1)
    assert subscription.last_error is not None
    assert subscription.last_error["error"].startswith("TimeoutError")


async def test_a_cancellation_that_a_handler_lets_escape_is_its_own_failure(
    router: EventRouter, l01_local: L01Client
) -> None:
    def cancelled(event: Event) -> None:
        if event["payload"] == 1:
            raise asyncio.CancelledError

    recorder = Recorder(cancelled)
    router.subscribe("x", "agent.*", recorder)
    await ready(router)
    await publish(l01_local, 1, 2)
    await recorder.until(1)
    assert recorder.numbers == [2]


async def test_what_a_handler_writes_is_linked_to_what_caused_it(
    router: EventRouter, l01_local: L01Client
) -> None:
    async def create(event: Event) -> None:
        await l01_local.create_agent("consequence")

    recorder = Recorder(create)
    router.subscribe("maker", "wish.*", recorder)
    await ready(router)
    (wish,) = await publish(l01_local, 1, event_type="wish.made")
    await recorder.until(1)
    (made,) = (await l01_local.events.list(event_type="agent.created"))["items"]
    assert made["metadata"]["causation_id"] == wish["id"]
    assert made["metadata"]["correlation_id"] == wish["metadata"].get("correlation_id", wish["id"])
    assert made["metadata"]["actor"] == "subscription maker"


async def test_subscriptions_come_and_go_while_the_router_runs(
    router: EventRouter, l01_local: L01Client
) -> None:
    first = Recorder()
    router.subscribe("x", "*", first)
    await ready(router)
    await publish(l01_local, 1)
    await first.until(1)
    await router.unsubscribe("x")
    assert router.subscriptions == {}
    await publish(l01_local, 2)
    second = Recorder()
    router.subscribe("x", "*", second)
    assert [event["payload"] for event in await second.until(1)] == [2]
    assert first.numbers == [1]


async def test_a_name_is_taken_once_and_a_pattern_is_one(router: EventRouter) -> None:
    router.subscribe("x", "*", Recorder())
    with pytest.raises(SubscriptionExistsError, match="'x'"):
        router.subscribe("x", "agent.*", Recorder())
    with pytest.raises(PatternError):
        router.subscribe("y", "a*b", Recorder())
    for name in ("", "a/b", "a b", "x" * 101):
        with pytest.raises(InvalidError, match="name"):
            router.subscribe(name, "*", Recorder())
    assert list(router.subscriptions) == ["x"]
