"""The log over time, and what belongs together in it."""

from uuid import uuid4

import pytest

from agentic.layers.base.tracing import traced
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.error_codes import InvalidError

pytestmark = pytest.mark.anyio


async def append(l01: L01Client, event_type: str, count: int, **options: object) -> str:
    aggregate = str(uuid4())
    kind = event_type.partition(".")[0]
    for _ in range(count):
        await l01.events.append(event_type, kind, aggregate, {}, **options)  # type: ignore[arg-type]
    return aggregate


async def placed(l01: L01Client, count: int) -> None:
    """Returns when that many events have their position."""
    if await l01.events.head() >= count:
        return
    async for batch in l01.follow(after=0):
        if batch and batch[-1].position >= count:
            return


async def test_a_histogram_counts_every_event_once(l01: L01Client) -> None:
    await append(l01, "door.opened", 3)
    bell = await append(l01, "bell.rung", 5)
    await placed(l01, 8)
    everything = await l01.events.histogram(buckets=7)
    assert (len(everything["counts"]), everything["total"]) == (7, 8)
    assert (await l01.events.histogram(buckets=7, event_type="bell.*"))["total"] == 5
    assert (await l01.events.histogram(aggregate_type="door"))["total"] == 3
    assert (await l01.events.histogram(aggregate_id=bell))["total"] == 5
    assert (await l01.events.histogram(event_type="bell.rung,door.opened"))["total"] == 8


async def test_a_histogram_of_another_time_is_empty(l01: L01Client) -> None:
    await append(l01, "door.opened", 3)
    await placed(l01, 3)
    for filters in ({}, {"event_type": "door.*"}):
        past = await l01.events.histogram(
            since="2001-01-01T00:00:00Z", until="2001-01-02T00:00:00Z", buckets=24, **filters
        )
        assert past == {
            "since": "2001-01-01T00:00:00.000000Z",
            "until": "2001-01-02T00:00:00.000000Z",
            "seconds": 3600.0,
            "counts": [0] * 24,
            "total": 0,
        }


async def counts(l01: L01Client, **filters: object) -> dict[str, int]:
    return {kind["event_type"]: kind["count"] for kind in await l01.events.kinds(**filters)}


async def test_kinds_are_counted_under_every_filter(l01: L01Client) -> None:
    await append(l01, "door.opened", 3)
    with traced(correlation_id="one-request"):
        bell = await append(l01, "bell.rung", 2)
    await placed(l01, 5)
    (middle,) = (await l01.events.list(after=2, limit=1))["items"]
    last = (await l01.events.list(limit=1))["items"][0]
    everything = {"bell.rung": 2, "door.opened": 3}
    assert await counts(l01) == everything
    assert await counts(l01, event_type="bell.*") == {"bell.rung": 2}
    assert await counts(l01, event_type="bell.*,door.opened") == everything
    assert await counts(l01, aggregate_type="door") == {"door.opened": 3}
    assert await counts(l01, aggregate_id=bell) == {"bell.rung": 2}
    assert await counts(l01, aggregate_id=bell, event_type="door.*") == {}
    assert await counts(l01, correlation_id="one-request") == {"bell.rung": 2}
    assert await counts(l01, correlation_id="one-request", event_type="door.*") == {}
    assert await counts(l01, since="2001-01-01T00:00:00Z") == everything
    assert await counts(l01, since="2001-01-01T00:00:00Z", until="2001-01-02T00:00:00Z") == {}
    assert await counts(l01, until="2001-01-02T00:00:00Z") == {}
    assert await counts(l01, since=middle["created_at"]) == {"bell.rung": 2, "door.opened": 1}
    assert await counts(l01, until=middle["created_at"]) == {"door.opened": 2}
    assert await counts(l01, since=middle["created_at"], until=last["created_at"]) == {
        "bell.rung": 1,
        "door.opened": 1,
    }
    assert await counts(l01, since=middle["created_at"], aggregate_id=bell) == {"bell.rung": 2}


async def test_kinds_under_what_is_no_filter_are_refused_with_its_name(l01: L01Client) -> None:
    for filters in ({"since": "yesterday"}, {"aggregate_id": "x"}, {"limit": 1}):
        with pytest.raises(InvalidError, match=next(iter(filters))):
            await l01.events.kinds(**filters)


async def test_an_empty_log_has_an_empty_histogram(l01: L01Client) -> None:
    assert (await l01.events.histogram(buckets=3))["counts"] == [0, 0, 0]


async def test_a_histogram_needs_its_times_in_order(l01: L01Client) -> None:
    with pytest.raises(InvalidError, match="since"):
        await l01.events.histogram(since="2026-01-02T00:00:00Z", until="2026-01-01T00:00:00Z")
    with pytest.raises(InvalidError, match="buckets"):
        await l01.events.histogram(buckets=501)


async def test_events_are_found_by_what_they_belong_to(l01: L01Client) -> None:
    await append(l01, "door.opened", 2)
    with traced(correlation_id="one-request"):
        first = await l01.events.append("door.opened", "door", uuid4(), {})
        with traced(causation_id=first["id"]):
            second = await l01.events.append("bell.rung", "bell", uuid4(), {})
    found = await l01.events.list(correlation_id="one-request", total=True)
    assert {event["id"] for event in found["items"]} == {first["id"], second["id"]}
    assert found["total"] == 2  # type: ignore[typeddict-item]
    caused = await l01.events.list(causation_id=first["id"])
    assert [event["id"] for event in caused["items"]] == [second["id"]]
    assert (await l01.events.list(causation_id=second["id"]))["items"] == []
    rung = await l01.events.list(correlation_id="one-request", event_type="bell.*")
    assert [event["id"] for event in rung["items"]] == [second["id"]]
