"""From the write to whoever listens: each event has one place in the one order, and everybody gets each of them."""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import pytest
import redis.asyncio

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer import feed
from agentic.layers.L01_data_layer.client import L01Client, event_of
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.models.error_codes import StaleVersionError
from agentic.layers.L01_data_layer.settings import L01Settings
from tests.kit.log import settled
from tests.layers.L01.everything import EVERYTHING, write_everything

pytestmark = pytest.mark.anyio

PATIENCE = 20.0


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Callable[[int], Awaitable[list[dict[str, Any]]]]]:
    """A subscriber of `l01:events` that knows nothing of ours; called, it gives the next so many messages."""
    async with redis.asyncio.from_url(url, socket_timeout=None) as client, client.pubsub() as pubsub:
        await pubsub.subscribe("l01:events")
        messages = aiter(pubsub.listen())
        assert (await anext(messages))["type"] == "subscribe"

        async def take(count: int) -> list[dict[str, Any]]:
            async with asyncio.timeout(PATIENCE):
                return [json.loads((await anext(messages))["data"]) for _ in range(count)]

        yield take


async def follow(l01: L01Client, count: int, after: int | None = 0, **filters: str) -> list[dict[str, Any]]:
    """The first so many events that a follower gets."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE), aclosing(l01.follow(after, **filters)) as batches:
        async for batch in batches:
            found += [dict(event_of(event)) for event in batch]
            if len(found) >= count:
                break
    return found


async def log_of(l01: L01Client) -> list[dict[str, Any]]:
    """Every event, in order."""
    await settled(l01)
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await l01.events.list(after=0, limit=1000, cursor=cursor)
        found += [dict(event) for event in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def test_every_write_is_published_once_and_as_it_is_in_the_log(l01: L01Client, redis_url: str) -> None:
    async with listening(redis_url) as take:
        await write_everything(l01)
        messages = await take(len(EVERYTHING))
        assert [message["event_type"] for message in messages] == EVERYTHING
        assert list(messages[0])[:4] == ["event_type", "aggregate_type", "aggregate_id", "payload"]
        assert messages == await log_of(l01)
        await l01.create_agent("the next")
        assert (await take(1))[0]["event_type"] == "agent.created"


async def test_what_is_refused_is_not_published(l01: L01Client, redis_url: str) -> None:
    async with listening(redis_url) as take:
        for refused in (
            l01.create_agent(""),
            l01.create_goal(uuid4(), "g"),
            l01.update_agent(uuid4(), {"name": "x"}),
            l01.events.append("a.b", "a", uuid4(), {}, expected_version=1),
            l01.events.append_all(
                [
                    {"event_type": "a.b", "aggregate_type": "a", "aggregate_id": uuid4(), "payload": 1},
                    {
                        "event_type": "a.b",
                        "aggregate_type": "a",
                        "aggregate_id": uuid4(),
                        "payload": 1,
                        "expected_version": 5,
                    },
                ]
            ),
        ):
            with pytest.raises(Exception, match="E1"):
                await refused
        await l01.create_agent("accepted")
        (message,) = await take(1)
        assert (message["event_type"], message["position"]) == ("agent.created", 1)


async def storm(l01: L01Client, writers: int, writes: int) -> None:
    """Writers of every kind at once, on aggregates of their own and on shared ones."""
    shared = [(await l01.create_agent(f"shared {n}"))["id"] for n in range(3)]

    async def write(seed: int) -> None:
        dice = random.Random(seed)
        for n in range(writes):
            match dice.randrange(5):
                case 0:
                    agent = await l01.create_agent("own")
                    await l01.delete_agent(agent["id"])
                case 1:
                    await l01.update_agent(dice.choice(shared), {"name": f"{seed} {n}"})
                case 2:
                    await l01.publish_event(
                        "thing.happened", "thing", dice.choice(shared), {"seed": seed, "n": n}
                    )
                case 3:
                    await l01.events.append_all(
                        [
                            {
                                "event_type": "thing.grouped",
                                "aggregate_type": "thing",
                                "aggregate_id": dice.choice(shared),
                                "payload": n,
                            }
                            for _ in range(3)
                        ]
                    )
                case _:
                    await l01.set_config("shared", dice.choice("ab"), n)

    await asyncio.gather(*(write(seed) for seed in range(writers)))


async def test_positions_are_dense_and_in_each_aggregates_order(l01_local: L01Client, redis_url: str) -> None:
    async with listening(redis_url) as take:
        await storm(l01_local, writers=24, writes=12)
        log = await log_of(l01_local)
        assert [event["position"] for event in log] == list(range(1, len(log) + 1))
        assert len({event["id"] for event in log}) == len(log)
        versions: dict[tuple[str, str], list[int]] = defaultdict(list)
        for event in log:
            versions[event["aggregate_type"], event["aggregate_id"]].append(event["version"])
        assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
        assert await take(len(log)) == log
    assert (await l01_local.check())["ok"] is True
    kinds = await l01_local.events.kinds()
    assert sum(kind["count"] for kind in kinds) == len(log)


async def test_batches_over_the_same_aggregates_wait_for_each_other_and_never_in_a_circle(
    l01: L01Client,
) -> None:
    """Each in an order of its own, on aggregates that are there and on new ones."""
    known = [str(uuid4()) for _ in range(4)]
    await l01.events.append_all([_thing(aggregate) for aggregate in known])
    dice = random.Random(5)
    for _ in range(5):
        aggregates = [*known, *(str(uuid4()) for _ in range(4))]
        batches = [dice.sample(aggregates, len(aggregates)) for _ in range(8)]
        await asyncio.gather(
            *(l01.events.append_all([_thing(aggregate) for aggregate in batch]) for batch in batches),
            *(l01.publish_event("thing.happened", "thing", aggregate, 1) for aggregate in aggregates),
        )
    assert (await l01.events.list(aggregate_id=known[0], limit=1))["items"][0]["version"] == 1 + 5 * 9


async def test_batches_that_expect_versions_fail_for_these_alone(l01: L01Client) -> None:
    aggregates = [str(uuid4()) for _ in range(6)]
    dice = random.Random(6)

    async def append() -> None:
        batch = [_thing(aggregate) for aggregate in dice.sample(aggregates, 6)]
        await l01.events.append_all([*batch[:3], {**batch[3], "expected_version": 0}, *batch[4:]])

    outcomes = await asyncio.gather(*(append() for _ in range(40)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {type(None), StaleVersionError}
    log = await log_of(l01)
    assert len(log) == 6 * outcomes.count(None)


def _thing(aggregate_id: str) -> dict[str, Any]:
    return {
        "event_type": "thing.grouped",
        "aggregate_type": "thing",
        "aggregate_id": aggregate_id,
        "payload": {},
    }


async def test_a_batch_may_expect_versions_that_it_makes_itself(l01: L01Client) -> None:
    """All or nothing: the second batch fails at its last event."""
    aggregate = str(uuid4())
    events = [{**_thing(aggregate), "expected_version": n} for n in range(3)]
    assert [event["version"] for event in await l01.events.append_all(events)] == [1, 2, 3]
    with pytest.raises(StaleVersionError):
        await l01.events.append_all(
            [_thing(aggregate), _thing(str(uuid4())), {**_thing(aggregate), "expected_version": 9}]
        )
    assert [event["version"] for event in await log_of(l01)] == [1, 2, 3]


async def test_events_appended_together_stand_together_in_their_order(l01: L01Client) -> None:
    aggregate = str(uuid4())
    events = [
        {"event_type": f"a.b{n}", "aggregate_type": "a", "aggregate_id": aggregate, "payload": n}
        for n in range(200)
    ]
    answer = await l01.events.append_all(events)
    assert [event["version"] for event in answer] == list(range(1, 201))
    assert [event["payload"] for event in await log_of(l01)] == list(range(200))


async def test_a_follower_gets_what_was_and_then_what_comes(l01: L01Client) -> None:
    await write_everything(l01)
    await settled(l01)
    following = asyncio.create_task(follow(l01, 2 * len(EVERYTHING) - 2))
    await l01.create_agent("during")
    for n in range(len(EVERYTHING) - 3):
        await l01.publish_event("a.c", "a", uuid4(), n)
    assert await following == await log_of(l01)


async def test_a_follower_resumes_anywhere(l01: L01Client) -> None:
    await write_everything(l01)
    log = await log_of(l01)
    for after in (0, 1, len(log) // 2, len(log) - 1):
        assert await follow(l01, len(log) - after, after) == log[after:]


async def test_a_follower_from_now_on_gets_nothing_from_before(l01: L01Client) -> None:
    await write_everything(l01)
    head = await settled(l01)
    following = asyncio.create_task(follow(l01, 1, None))
    async with asyncio.timeout(PATIENCE):
        while not following.done():
            await l01.publish_event("a.c", "a", uuid4(), {})
            await asyncio.sleep(0.01)
    assert all(event["position"] > head for event in await following)


async def test_filters_hold_for_what_was_and_what_comes(l01: L01Client) -> None:
    await write_everything(l01)
    log = await log_of(l01)
    agent = log[0]["aggregate_id"]
    for filters, wanted in (
        ({"event_type": "agent.*"}, lambda event: event["event_type"].startswith("agent.")),
        (
            {"event_type": "tool.created, task.*"},
            lambda event: event["event_type"] in ("tool.created", "task.created", "task.running"),
        ),
        ({"aggregate_type": "a"}, lambda event: event["aggregate_type"] == "a"),
        ({"aggregate_id": agent}, lambda event: event["aggregate_id"] == agent),
        (
            {"aggregate_id": agent, "event_type": "agent.active"},
            lambda event: event["event_type"] == "agent.active",
        ),
    ):
        expected = [event for event in log if wanted(event)]
        following = asyncio.create_task(follow(l01, len(expected) + 1, **filters))
        event_type = expected[-1]["event_type"]
        last = await l01.publish_event(
            event_type, expected[-1]["aggregate_type"], expected[-1]["aggregate_id"], "last"
        )
        found = await following
        assert found[:-1] == expected
        assert found[-1]["id"] == last["id"]
        log = await log_of(l01)


async def test_a_follower_that_stalls_loses_nothing(
    l01: L01Client, data_layer: DataLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its buffer overflows while it handles a batch; it is served from the log instead."""
    monkeypatch.setattr(feed, "BUFFER", 20)
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE), aclosing(l01.follow(0)) as batches:
        await l01.create_agent("first")
        for turn in range(3):
            found += [dict(event_of(event)) for event in await anext(batches)]
            for n in range(50):
                await l01.publish_event("a.b", "a", uuid4(), [turn, n])
            await settled(l01)
            assert all(len(reader.events) <= 20 for reader in data_layer.feed._readers)
        while len(found) < 151:
            found += [dict(event_of(event)) for event in await anext(batches)]
    assert found == await log_of(l01)


async def test_a_hundred_followers_each_get_everything(l01_local: L01Client) -> None:
    following = [asyncio.create_task(follow(l01_local, 60)) for _ in range(100)]
    for n in range(60):
        await l01_local.publish_event("a.b", "a", uuid4(), n)
    log = await log_of(l01_local)
    assert all(found == log for found in await asyncio.gather(*following))


@pytest.fixture
async def beside(data_layer: DataLayer, l01_settings: L01Settings) -> AsyncGenerator[L01Client]:
    """A second data layer on the same database, whose relay stands by."""
    layer = DataLayer(Context(), l01_settings)
    async with layer.running():
        yield L01Client(backend=layer.backend)


async def test_two_data_layers_on_one_database_are_one(l01_local: L01Client, beside: L01Client) -> None:
    """Whichever wrote it, one relay places it, and followers of both get it, once and in order."""
    following = [asyncio.create_task(follow(client, 40)) for client in (l01_local, beside)]
    for n in range(20):
        await l01_local.publish_event("a.b", "a", uuid4(), n)
        await beside.publish_event("a.b", "a", uuid4(), n)
    log = await log_of(beside)
    assert [event["position"] for event in log] == list(range(1, 41))
    assert [await found for found in following] == [log, log]


async def test_another_relay_takes_over(l01_settings: L01Settings, redis_url: str) -> None:
    first, second = DataLayer(Context(), l01_settings), DataLayer(Context(), l01_settings)
    async with second.running(), listening(redis_url) as take:
        async with first.running():
            async with asyncio.timeout(PATIENCE):
                while not (first.relay.leading or second.relay.leading):
                    await asyncio.sleep(0.005)
            assert first.relay.leading is False or second.relay.leading is False
            await L01Client(backend=first.backend).create_agent("a")
            assert (await take(1))[0]["position"] == 1
        agent = await L01Client(backend=second.backend).create_agent("b")
        message = (await take(1))[0]
        while message["position"] == 1:  # what the first had published but not yet remembered comes again
            message = (await take(1))[0]
        assert (message["aggregate_id"], message["position"]) == (agent["id"], 2)
        assert second.relay.leading is True


async def test_what_was_placed_but_not_published_is_published_at_the_next_start(
    l01_settings: L01Settings, redis_url: str
) -> None:
    """As after a kill between the two; at least once, in order."""
    layer = DataLayer(Context(), l01_settings)
    async with layer.running():
        l01 = L01Client(backend=layer.backend)
        await write_everything(l01)
        log = await log_of(l01)
    connection = await asyncpg.connect(l01_settings.database_url)
    await connection.execute("UPDATE relay SET published = 10")
    await connection.close()
    async with listening(redis_url) as take, DataLayer(Context(), l01_settings).running():
        assert await take(len(log) - 10) == log[10:]


async def test_messages_of_others_on_the_channel_do_not_matter(l01_local: L01Client, redis_url: str) -> None:
    following = asyncio.create_task(follow(l01_local, 10))
    async with redis.asyncio.from_url(redis_url) as other:
        for n in range(10):
            await other.publish("l01:events", b"no event")
            await other.publish(
                "l01:events",
                json.dumps(
                    {"position": n + 1, "event_type": "x", "aggregate_type": "x", "aggregate_id": "x"}
                ),
            )
            await l01_local.publish_event("a.b", "a", uuid4(), n)
    assert await following == await log_of(l01_local)


async def test_the_trace_of_a_request_is_in_its_events(l01_url: str, l01_local: L01Client) -> None:
    trace = {
        "X-Correlation-Id": "c1",
        "X-Causation-Id": "c0",
        "X-Actor": "a person",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    async with httpx2.AsyncClient(base_url=l01_url, trust_env=False) as client:
        agent = (await client.post("/agents", json={"name": "a"}, headers=trace)).json()
        await client.patch(f"/agents/{agent['id']}", json={"name": "b"}, headers={"X-Request-Id": "r1"})
    updated, created = await l01_local.query_events(aggregate_id=agent["id"])
    assert created["metadata"] == {
        "correlation_id": "c1",
        "causation_id": "c0",
        "actor": "a person",
        "traceparent": trace["traceparent"],
    }
    assert updated["metadata"] == {"correlation_id": "r1"}
