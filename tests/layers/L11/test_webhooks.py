"""Webhooks: signed, in order, tried again, never to private addresses, and held up by nobody else's failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import pytest
from starlette.responses import RedirectResponse

from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L11_integration.client import L11Client
from agentic.layers.L11_integration.dead_letters import DEAD_LETTERED
from agentic.layers.L11_integration.errors import (
    FilterError,
    ForbiddenTargetError,
    PatternError,
    SignatureError,
    SubscriptionExistsError,
    TargetError,
)
from agentic.layers.L11_integration.layer import Integration
from agentic.layers.L11_integration.signing import check_standard
from agentic.layers.L11_integration.webhook_subscription import WebhookSubscription
from tests.layers.L11.conftest import PATIENCE, caught_up, integration_over, publish
from tests.layers.L11.receiver import Receiver, receiving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    """Somebody else's server."""
    async with receiving() as running:
        yield running


async def subscribe(l11: L11Client, receiver: Receiver, **more: Any) -> str:
    """A webhook `w` for everything that agents are told, and its secret."""
    made = await l11.subscribe("w", "webhook", "agent.told", target={"url": receiver.url}, **more)
    assert made["secret"] is not None
    return made["secret"]


async def told(l01: L01Client, aggregates: int, each: int) -> list[str]:
    """Events of several aggregates in turns; their payloads say whose and which."""
    ids = [str(uuid4()) for _ in range(aggregates)]
    facts = [
        {"event_type": "agent.told", "aggregate_type": "test", "aggregate_id": one, "payload": [one, number]}
        for number in range(each)
        for one in ids
    ]
    for first in range(0, len(facts), 500):
        await l01.events.append_all(facts[first : first + 500])
    return ids


def by_aggregate(numbers: list[Any]) -> dict[str, list[int]]:
    """The numbers that came of each aggregate, in their order."""
    found: dict[str, list[int]] = {}
    for one, number in numbers:
        found.setdefault(one, []).append(number)
    return found


async def test_events_are_posted_and_signed(l11: L11Client, l01_local: L01Client, receiver: Receiver) -> None:
    secret = await subscribe(l11, receiver)
    (event,) = await publish(l01_local, {"text": "ü"})
    await receiver.until(lambda: len(receiver.taken) == 1)
    assert receiver.taken == [await l01_local.events.get(event["id"])]
    headers, body = receiver.headers[0], receiver.bodies[0]
    moment = float(headers["webhook-timestamp"])
    assert check_standard([secret], headers, body, moment) == event["id"]
    for wrong in ("whsec_" + "A" * 44, secret[:-4] + "AAA="):
        with pytest.raises(SignatureError):
            check_standard([wrong], headers, body, moment)
    with pytest.raises(SignatureError):
        check_standard([secret], headers, body + b" ", moment)


async def test_a_cloud_event_is_sent_to_who_asks_for_one(
    l11: L11Client, l01_local: L01Client, receiver: Receiver
) -> None:
    await subscribe(l11, receiver, form="cloudevent")
    (event,) = await publish(l01_local, {"a": 1})
    await receiver.until(lambda: len(receiver.taken) == 1)
    sent = receiver.taken[0]
    assert receiver.headers[0]["content-type"] == "application/cloudevents+json"
    assert (sent["specversion"], sent["id"], sent["type"]) == ("1.0", event["id"], "agent.told")
    assert (sent["data"], sent["subject"]) == ({"a": 1}, f"test/{event['aggregate_id']}")
    assert all(name.isalnum() and name == name.lower() for name in sent)


async def test_a_filter_looks_into_events(l11: L11Client, l01_local: L01Client, receiver: Receiver) -> None:
    await subscribe(
        l11, receiver, filter={"payload.cost": {"above": 1}, "payload.who": {"in": ["ada", "bob"]}}
    )
    wanted = {"cost": 1.5, "who": "ada"}
    await publish(l01_local, {"cost": 1, "who": "ada"}, {"cost": 9, "who": "eve"}, "text", wanted)
    await receiver.until(lambda: len(receiver.taken) == 1)
    assert receiver.numbers == [wanted]


async def test_rotation_leaves_the_old_secret_valid_for_a_while(
    l11: L11Client, l01_local: L01Client, receiver: Receiver
) -> None:
    old = await subscribe(l11, receiver)
    new = (await l11.rotate("w"))["secret"]
    await publish(l01_local, 1)
    await receiver.until(lambda: len(receiver.taken) == 1)
    headers, body = receiver.headers[0], receiver.bodies[0]
    for each in (old, new):
        assert check_standard([each], headers, body, float(headers["webhook-timestamp"]))
    last = (await l11.rotate("w", overlap=0))["secret"]
    await publish(l01_local, 2)
    await receiver.until(lambda: len(receiver.taken) == 2)
    headers, body = receiver.headers[1], receiver.bodies[1]
    assert check_standard([last], headers, body, float(headers["webhook-timestamp"]))
    with pytest.raises(SignatureError):
        check_standard([old, new], headers, body, float(headers["webhook-timestamp"]))
    everything = str([event async for event in _all_events(l01_local)])
    assert not any(secret.removeprefix("whsec_") in everything for secret in (old, new, last))


async def _all_events(l01: L01Client) -> AsyncGenerator[Any]:
    for event in (await l01.events.list(after=0, limit=1000))["items"]:
        yield event


async def test_one_aggregate_that_fails_holds_up_no_other_and_keeps_its_order(
    l11: L11Client, l01_local: L01Client, receiver: Receiver
) -> None:
    await subscribe(l11, receiver)
    bad: list[str] = []
    well = asyncio.Event()
    receiver.say = lambda event: 500 if event["payload"][0] in bad and not well.is_set() else 200
    ids = [str(uuid4()) for _ in range(4)]
    bad[:] = [ids[0]]
    facts = [
        {"event_type": "agent.told", "aggregate_type": "test", "aggregate_id": one, "payload": [one, number]}
        for number in range(50)
        for one in ids
    ]
    await l01_local.events.append_all(facts)
    await receiver.until(lambda: len(receiver.taken) == 150)
    assert set(by_aggregate(receiver.numbers)) == set(ids[1:])
    async with asyncio.timeout(PATIENCE):
        while (await l11.subscription("w"))["lag"]:
            await asyncio.sleep(0.005)
    assert (await l11.subscription("w"))["held"] == 1
    well.set()
    await receiver.until(lambda: len(receiver.taken) == 200)
    assert by_aggregate(receiver.numbers) == {one: list(range(50)) for one in ids}
    assert (await caught_up(l01_local, l11, "w"))["held"] == 0


async def test_what_is_held_is_found_again_after_a_restart(l01_local: L01Client, receiver: Receiver) -> None:
    receiver.say = lambda event: 503
    async with integration_over(l01_local, webhook_first_pause=3600, webhook_longest_pause=3600) as layer:
        l11 = layer.local_client()
        await subscribe(l11, receiver)
        await publish(l01_local, 1, 2, 3)
        async with asyncio.timeout(PATIENCE):
            while (await l11.subscription("w"))["lag"] or not (await l11.subscription("w"))["held"]:
                await asyncio.sleep(0.005)
    assert [event["payload"] for event in receiver.asked] == [1]
    rows = [row async for row in l01_local.subscriptions.all()]
    (note,) = (await l01_local.deliveries.list(rows[0]["id"], status="retrying"))["items"]
    await l01_local.deliveries.note([{**_without(note, "updated_at"), "next_at": note["first_at"]}])
    receiver.say = lambda event: 200
    async with integration_over(l01_local) as layer:
        await receiver.until(lambda: len(receiver.taken) == 3)
        await caught_up(l01_local, layer.local_client(), "w")
    assert receiver.numbers == [1, 2, 3]


def _without(note: Any, name: str) -> dict[str, Any]:
    return {key: value for key, value in note.items() if key != name}


async def test_an_outage_of_the_other_end_is_waited_for_in_the_log(
    l11: L11Client, integrated: Integration, l01_local: L01Client, receiver: Receiver
) -> None:
    """How long it lasts, and how much comes meanwhile, changes nothing: no more is read. `bench/webhooks.py` has an hour's count."""
    await subscribe(l11, receiver)
    receiver.say = lambda event: 500
    ids = await told(l01_local, 30, 80)
    async with asyncio.timeout(PATIENCE):
        while (await l11.subscription("w"))["status"] != "failing":
            await asyncio.sleep(0.005)
    asked = len(receiver.asked)
    await receiver.until(lambda: len(receiver.asked) >= asked + 5)
    seen = await l11.subscription("w")
    running = integrated.router.subscriptions["w"]
    assert isinstance(running, WebhookSubscription)
    assert running.read_to < integrated.settings.window + 50, "the log is the queue, not the memory"
    assert seen["held"] <= len(ids)
    receiver.say = lambda event: 200
    await receiver.until(lambda: len(receiver.taken) >= 2400)
    assert by_aggregate(receiver.numbers) == {one: list(range(80)) for one in ids}
    assert (await caught_up(l01_local, l11, "w"))["status"] == "following"


async def test_one_that_hangs_is_cut_off_and_tried_again(l01_local: L01Client, receiver: Receiver) -> None:
    async def hang(event: Any) -> int:
        if len(receiver.asked) == 1:
            await asyncio.sleep(0.5)
        return 200

    receiver.say = hang
    async with integration_over(l01_local, webhook_limit=0.1) as layer:
        l11 = layer.local_client()
        await subscribe(l11, receiver)
        await publish(l01_local, 1)
        await receiver.until(lambda: len(receiver.asked) >= 2)
        seen = await caught_up(l01_local, l11, "w")
    assert seen["last_error"] is not None
    assert seen["last_error"]["error"] == "no answer within 0.1 s"


async def test_one_that_is_gone_is_switched_off_and_keeps_its_place(
    l11: L11Client, l01_local: L01Client, receiver: Receiver
) -> None:
    await subscribe(l11, receiver)
    receiver.say = lambda event: 410
    await publish(l01_local, 1, 2)
    async with asyncio.timeout(PATIENCE):
        while (seen := await l11.subscription("w"))["enabled"]:
            await asyncio.sleep(0.005)
    assert seen["status"] == "paused"
    assert "410" in (seen["reason"] or "")
    receiver.say = lambda event: 200
    await l11.resume("w")
    await receiver.until(lambda: len(receiver.taken) == 2)
    assert receiver.numbers == [1, 2]


async def test_redirects_are_not_followed(l01_local: L01Client, receiver: Receiver) -> None:
    async with receiving() as private, integration_over(l01_local) as layer:
        l11 = layer.local_client()
        receiver.say = lambda event: RedirectResponse(private.url, 307)
        await subscribe(l11, receiver)
        await publish(l01_local, 1)
        await receiver.until(lambda: len(receiver.asked) >= 2)
        assert private.asked == []
        seen = await l11.subscription("w")
    assert seen["last_error"] is not None
    assert "redirects are not followed" in seen["last_error"]["error"]


async def test_private_addresses_are_refused_when_named_and_when_reached(
    l01_local: L01Client, receiver: Receiver
) -> None:
    async with integration_over(l01_local, outgoing_allow=[]) as layer:
        l11 = layer.local_client()
        for url in (receiver.url, "http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest"):
            with pytest.raises(ForbiddenTargetError, match="PLATFORM_L11_OUTGOING_ALLOW"):
                await l11.subscribe("w", "webhook", "*", target={"url": url})
        # Stored all the same, by somebody who writes to the data layer: it is not reached either.
        await l01_local.subscriptions.create(
            name="w", kind="webhook", event_type="agent.told", target={"url": receiver.url}
        )
        await publish(l01_local, 1)
        async with asyncio.timeout(PATIENCE):
            while not (await l11.subscription("w"))["last_error"]:
                await asyncio.sleep(0.005)
    assert receiver.asked == []


async def test_what_fails_for_too_long_is_a_dead_letter_that_can_be_retried_or_dropped(
    l01_local: L01Client, receiver: Receiver
) -> None:
    receiver.say = lambda event: 500 if event["payload"] in (1, 3) else 200
    async with integration_over(l01_local, webhook_give_up=0.2, failures=10**6) as layer:
        l11 = layer.local_client()
        await subscribe(l11, receiver)
        await publish(l01_local, 1, 2)
        await publish(l01_local, 3, 4)
        await receiver.until(lambda: len(receiver.taken) == 2)
        await caught_up(l01_local, l11, "w")
        letters = (await l11.dead_letters("w", order="asc"))["items"]
        assert sorted(receiver.numbers) == [2, 4]
        assert [letter["code"] for letter in letters] == [500, 500]
        assert all(letter["attempts"] > 1 and letter["error"] == "answered 500" for letter in letters)
        assert len((await l01_local.events.list(event_type=DEAD_LETTERED))["items"]) == 2
        first, second = (letter["position"] for letter in letters)
        assert (await l11.retry("w", first))["status"] == "dead"
        receiver.say = lambda event: 200
        assert (await l11.retry("w", first))["status"] == "delivered"
        await l11.drop("w", second)
        assert (await l11.dead_letters("w"))["items"] == []
        with pytest.raises(NotFoundError):
            await l11.retry("w", second)
        with pytest.raises(InvalidError):
            await l11.drop("w", "x")  # type: ignore[arg-type]
        states = {each["position"]: each["status"] for each in (await l11.deliveries("w"))["items"]}
        assert (states[first], states[second]) == ("delivered", "dropped")
        assert list(states.values()).count("delivered") == 3


async def test_paused_it_misses_nothing_and_it_can_be_replayed(
    l11: L11Client, l01_local: L01Client, receiver: Receiver
) -> None:
    await subscribe(l11, receiver)
    first, *_ = await publish(l01_local, 1, 2)
    await receiver.until(lambda: len(receiver.taken) == 2)
    paused = await l11.pause("w")
    assert (paused["enabled"], paused["reason"]) == (False, "paused")
    await publish(l01_local, 3)
    await l11.resume("w")
    await receiver.until(lambda: len(receiver.taken) == 3)
    place = await l01_local.events.get(first["id"])
    await l11.replay("w", position=place["position"])
    await receiver.until(lambda: len(receiver.taken) == 5)
    assert receiver.numbers[:3] == [1, 2, 3]
    assert sorted(receiver.numbers[3:]) == [2, 3]
    await l11.replay("w", time=first["created_at"])
    await receiver.until(lambda: len(receiver.taken) == 8)
    assert sorted(receiver.numbers[5:]) == [1, 2, 3]
    with pytest.raises(InvalidError, match="position"):
        await l11.replay("w")


async def test_it_may_begin_with_the_first_event_there_ever_was(
    l11: L11Client, l01_local: L01Client, receiver: Receiver
) -> None:
    await publish(l01_local, "long ago")
    await subscribe(l11, receiver, after=0)
    await receiver.until(lambda: len(receiver.taken) == 1)
    assert receiver.numbers == ["long ago"]
    await l11.unsubscribe("w")
    with pytest.raises(NotFoundError):
        await l11.subscription("w")


async def test_what_is_wrong_with_a_subscription_is_said_and_nothing_is_kept(
    l11: L11Client, l01_local: L01Client, receiver: Receiver
) -> None:
    good: dict[str, Any] = {"target": {"url": receiver.url}}
    with pytest.raises(PatternError):
        await l11.subscribe("w", "webhook", "a*b", **good)
    for wrong in ({"nothing": 1}, {"payload.x": {"near": 1}}, {"payload.x": {"above": "1"}}, {"payload.": 1}):
        with pytest.raises(FilterError):
            await l11.subscribe("w", "webhook", "*", filter=wrong, **good)
    targets = [
        {},
        {"url": "ftp://x/"},
        {"url": "http://me:pw@x/"},
        {"url": "x"},
        {"url": receiver.url, "y": 1},
    ]
    for target in targets:
        with pytest.raises(TargetError):
            await l11.subscribe("w", "webhook", "*", target=target)
    for target in ({"agent_id": "x"}, {"agent_id": str(uuid4()), "input": "${event.nothing}"}):
        with pytest.raises(TargetError):
            await l11.subscribe("w", "run", "*", target=target)
    with pytest.raises(InvalidError):
        await l11.subscribe("w", "pigeon", "*")
    with pytest.raises(SubscriptionExistsError):
        await l11.subscribe("agent", "webhook", "*", **good)
    assert (await l01_local.subscriptions.list())["items"] == []
    await subscribe(l11, receiver)
    with pytest.raises(SubscriptionExistsError, match="'w'"):
        await subscribe(l11, receiver)
