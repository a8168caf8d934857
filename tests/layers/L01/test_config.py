"""Configuration: any JSON value by namespace and key, with its history."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from agentic.layers.base.common_errors import InvalidError, NotFoundError, StaleVersionError
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.layer import Context
from agentic.layers.base.tracing import traced
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.settings import L01Settings
from tests.layers.L01.moments import moment, position_after

pytestmark = pytest.mark.anyio

VALUES = [None, True, 0, -1.5, 10**40, "", "text", [], [None, [1]], {}, {"a": {"b": None}, "ü": "\U0001f600"}]


async def test_any_json_value_is_kept(l01: L01Client) -> None:
    for version, value in enumerate(VALUES, 1):
        made = await l01.set_config("gateway", "model.default", value)
        assert (made["namespace"], made["key"], made["version"]) == ("gateway", "model.default", version)
        assert made["value"] == value
        assert type(made["value"]) is type(value)
        assert await l01.get_config("gateway", "model.default") == made


async def test_setting_again_makes_a_new_version_and_an_event_each(l01: L01Client) -> None:
    first = await l01.set_config("n", "k", 1)
    second = await l01.set_config("n", "k", {"x": 2})
    assert second == {
        **first,
        "value": {"x": 2},
        "version": 2,
        "updated_at": second["updated_at"],
    }
    assert second["updated_at"] > first["updated_at"]
    events = await l01.query_events(aggregate_id=first["id"])
    assert [(e["event_type"], e["aggregate_type"], e["version"], e["payload"]) for e in reversed(events)] == [
        ("config.created", "config", 1, first),
        ("config.updated", "config", 2, second),
    ]


async def test_a_deleted_key_goes_on_where_it_was_when_made_again(l01: L01Client) -> None:
    first = await l01.set_config("n", "k", "a")
    assert await l01.config.delete("n", "k") is True
    with pytest.raises(NotFoundError):
        await l01.get_config("n", "k")
    with pytest.raises(NotFoundError):
        await l01.config.delete("n", "k")
    again = await l01.set_config("n", "k", "b")
    assert (again["id"], again["version"]) == (first["id"], 3)
    events = await l01.query_events(aggregate_id=first["id"])
    assert [e["event_type"] for e in events] == ["config.created", "config.deleted", "config.created"]
    assert events[1]["payload"] == {"namespace": "n", "key": "k"}


async def test_a_version_that_was_seen_is_kept_or_the_write_refused(l01: L01Client) -> None:
    with pytest.raises(StaleVersionError) as refused:
        await l01.config.set("n", "k", 1, expected_version=1)
    assert refused.value.members["current_version"] == 0
    await l01.set_config("n", "k", 1)
    await l01.config.set("n", "k", 2, expected_version=1)
    for write in (
        l01.config.set("n", "k", 3, expected_version=1),
        l01.config.delete("n", "k", expected_version=1),
        l01.config.restore("n", "k", 1, expected_version=1),
    ):
        with pytest.raises(StaleVersionError) as refused:
            await write
        assert refused.value.members["current_version"] == 2
    assert (await l01.get_config("n", "k"))["value"] == 2
    await l01.publish_event("config.read", "config", (await l01.get_config("n", "k"))["id"], {})
    assert (await l01.config.set("n", "k", 3, expected_version=2))["version"] == 4
    await l01.config.delete("n", "k", expected_version=4)


async def test_a_namespace_is_listed_by_key_in_pages(l01: L01Client) -> None:
    keys = ["a", "a.b", "a.c", "b", "c"]
    for key in reversed(keys):
        await l01.set_config("n", key, key)
    await l01.set_config("other", "a", 1)
    page = await l01.config.list("n", limit=2, total=True)
    seen = [item["key"] for item in page["items"]]
    assert page["total"] == 5
    while page["next_cursor"] is not None:
        page = await l01.config.list("n", limit=2, cursor=page["next_cursor"])
        seen += [item["key"] for item in page["items"]]
    assert seen == keys
    down = await l01.config.list("n", order="desc")
    assert [item["key"] for item in down["items"]] == keys[::-1]
    assert [item["key"] for item in (await l01.config.list("n", prefix="a."))["items"]] == ["a.b", "a.c"]
    assert (await l01.config.list("nobody"))["items"] == []


async def test_namespaces_are_counted(l01: L01Client) -> None:
    assert await l01.config.namespaces() == []
    await l01.set_config("b", "1", 1)
    await l01.set_config("a", "1", 1)
    then = str(await position_after(l01))
    newest = await l01.set_config("b", "2", 1)
    spaces = await l01.config.namespaces()
    assert [(space["namespace"], space["count"]) for space in spaces] == [("a", 1), ("b", 2)]
    assert spaces[1]["updated_at"] == newest["updated_at"]
    past = await l01.config.namespaces(as_of=then)
    assert [(space["namespace"], space["count"]) for space in past] == [("a", 1), ("b", 1)]


async def test_configuration_is_read_as_it_was(l01: L01Client) -> None:
    before = moment()
    first = await l01.set_config("n", "k", 1)
    await l01.set_config("n", "other", 1)
    between = str(await position_after(l01))
    await l01.config.delete("n", "k")
    gone = moment()
    last = await l01.set_config("n", "k", 2)

    assert await l01.config.get("n", "k", as_of=between) == first
    assert await l01.config.get("n", "k", as_of=moment()) == last
    for as_of in (before, gone):
        with pytest.raises(NotFoundError):
            await l01.config.get("n", "k", as_of=as_of)
    assert [i["key"] for i in (await l01.config.list("n", as_of=between))["items"]] == ["k", "other"]
    assert (await l01.config.list("n", as_of=between, prefix="k"))["items"] == [first]
    assert [i["key"] for i in (await l01.config.list("n", as_of=gone))["items"]] == ["other"]
    assert await l01.config.list("n", as_of=moment()) == await l01.config.list("n")


async def test_a_value_is_restored_even_when_it_was_deleted(l01: L01Client) -> None:
    with traced(actor="ada"):
        await l01.set_config("n", "k", {"null": None})
    await l01.set_config("n", "k", 2)
    await l01.config.delete("n", "k")
    with pytest.raises(NotFoundError, match="no version 3"):
        await l01.config.restore("n", "k", 3)
    restored = await l01.config.restore("n", "k", 1)
    assert (restored["value"], restored["version"]) == ({"null": None}, 4)

    history = (await l01.config.history("n", "k"))["items"]
    shown = [(v["version"], v["event_type"], v["value"], v["actor"], v["restored_from"]) for v in history]
    assert shown == [
        (4, "config.created", {"null": None}, None, "version 1"),
        (3, "config.deleted", None, None, None),
        (2, "config.updated", 2, None, None),
        (1, "config.created", {"null": None}, "ada", None),
    ]
    for wrong in (9, 5):
        with pytest.raises(NotFoundError):
            await l01.config.restore("n", "k", wrong)
    with pytest.raises(NotFoundError):
        await l01.config.history("n", "never")


ODD = [
    "a.b",
    "a b",
    "%2F",
    "?",
    "#",
    "ü\U0001f600",
    "...a",
    "\\",
    "history",
    "restore",
    '"',
    "k" * 255,
    "+",
    "~",
]


NO_PARTS = ["", ".", "..", "a/b", "a/history", "/", "k" * 256, "a\x00", "\ud800"]


async def test_a_key_may_be_any_part_of_a_path(l01: L01Client) -> None:
    for key in ODD:
        made = await l01.set_config(key[:100], key, 1)
        assert (made["namespace"], made["key"]) == (key[:100], key)
        assert await l01.get_config(key[:100], key) == made
        assert (await l01.config.list(key[:100]))["items"] == [made]
        assert len((await l01.config.history(key[:100], key))["items"]) == 1
        await l01.config.delete(key[:100], key)


async def test_what_is_no_part_of_a_path_is_refused_everywhere(l01: L01Client) -> None:
    for key, ask in [(part, ask) for part in NO_PARTS for ask in requests_for(l01, part)]:
        with pytest.raises(InvalidError) as refused:
            await ask
        assert [error["field"] for error in refused.value.members["errors"]] == ["key"], key
    for namespace in (*NO_PARTS, "n" * 101):
        with pytest.raises(InvalidError, match="namespace"):
            await l01.config.list(namespace)
    assert await l01.config.namespaces() == []


def requests_for(l01: L01Client, key: str) -> list[Any]:
    return [
        l01.get_config("n", key),
        l01.set_config("n", key, 1),
        l01.config.delete("n", key),
        l01.config.history("n", key),
        l01.config.restore("n", key, 1),
    ]


async def test_over_http_the_version_is_the_etag(l01_url: str) -> None:
    async with httpx2.AsyncClient(base_url=l01_url) as http:
        made = await http.put("/config/n/k", json={"value": None})
        assert (made.status_code, made.headers["etag"]) == (200, '"1"')
        assert made.json()["value"] is None
        assert (await http.get("/config/n/k/")).headers["etag"] == '"1"'
        stale = await http.put("/config/n/k", json={"value": 2}, headers={"if-match": '"7"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "E1005")
        for body in ({}, {"value": 1, "extra": 2}, [], 5):
            refused = await http.put("/config/n/k", json=body)
            assert (refused.status_code, refused.json()["code"]) == (422, "E1001")
        assert (await http.get("/config/n/nothing")).json()["code"] == "E1002"
        assert (await http.delete("/config/n/k")).status_code == 204


# -- writers at the same time, in processes of their own


async def rival(settings: L01Settings) -> DataLayer:
    """Another data layer on the same database, with connections of its own."""
    layer = DataLayer(Context(), settings)
    await layer.database.open()
    return layer


async def test_many_writers_of_a_new_key_all_succeed(
    data_layer: DataLayer, l01_settings: L01Settings
) -> None:
    other = await rival(l01_settings)
    try:
        clients = [L01Client(backend=layer.backend) for layer in (data_layer, other)]
        for key in "abcdefgh":
            made = await asyncio.gather(*(clients[n % 2].set_config("n", key, n) for n in range(12)))
            assert sorted(item["version"] for item in made) == list(range(1, 13))
            assert len({(item["id"], item["created_at"]) for item in made}) == 1
            last = max(made, key=lambda item: item["version"])
            assert await clients[0].get_config("n", key) == last
            events = await clients[0].query_events(aggregate_id=last["id"])
            assert [e["event_type"] for e in sorted(events, key=lambda e: e["version"])] == [
                "config.created",
                *["config.updated"] * 11,
            ]
    finally:
        await other.database.close()


async def test_writers_and_deleters_of_a_key_leave_no_gap_and_no_deadlock(
    data_layer: DataLayer, l01_settings: L01Settings
) -> None:
    other = await rival(l01_settings)
    clients = [L01Client(backend=layer.backend) for layer in (data_layer, other)]

    async def attempt(n: int) -> None:
        l01 = clients[n % 2]
        try:
            if n % 3 == 0:
                await l01.config.delete("n", "k")
            elif n % 3 == 1:
                await l01.config.set("n", "k", n)
            else:
                seen = await l01.get_config("n", "k")
                await l01.config.set("n", "k", n, expected_version=seen["version"])
        except PlatformError as error:
            assert isinstance(error, NotFoundError | StaleVersionError), error

    try:
        await asyncio.gather(*(attempt(n) for n in range(240)))
        last = await clients[0].set_config("n", "k", "last")
        events = await clients[0].query_events(aggregate_id=last["id"], limit=1000)
        versions = sorted(event["version"] for event in events)
        assert versions == list(range(1, last["version"] + 1))
        there = False
        for event in sorted(events, key=lambda event: event["version"]):
            assert (event["event_type"] == "config.created") is not there
            there = event["event_type"] != "config.deleted"
        assert await clients[1].config.get("n", "k", as_of=moment()) == last
    finally:
        await other.database.close()


async def test_a_value_that_somebody_wrote_with_sql_is_taken_in(
    data_layer: DataLayer, l01_local: L01Client
) -> None:
    await data_layer.database.write(
        "INSERT INTO configurations (namespace, key, value) VALUES ('n', 'k', '1')"
    )
    assert (await l01_local.get_config("n", "k"))["value"] == 1
    taken = await l01_local.set_config("n", "k", 2)
    assert await l01_local.get_config("n", "k") == taken
    assert await l01_local.config.get("n", "k", as_of=moment()) == taken
