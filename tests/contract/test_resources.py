"""Every verb of every resource, over both backends."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.error_codes import InvalidError, NotFoundError, StaleVersionError
from tests.contract.examples import EXAMPLES, Example
from tests.kit.log import settled

pytestmark = pytest.mark.anyio

each_resource = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.resource.name)
each_changeable = pytest.mark.parametrize(
    "example",
    [example for example in EXAMPLES if "update" in example.resource.verbs],
    ids=lambda example: example.resource.name,
)


def test_there_is_an_example_for_each_collection() -> None:
    client = L01Client("http://nowhere:1")
    names = {
        name for name, value in vars(client).items() if hasattr(value, "create") and hasattr(value, "all")
    }
    assert {vars(client)[name]._operations["create"].path for name in names} == {
        example.resource.path for example in EXAMPLES
    }


@each_resource
async def test_what_was_made_is_what_is_there(l01: L01Client, example: Example) -> None:
    collection, body = example.collection(l01), await example.body(l01)
    made: dict[str, Any] = await collection.create(**body)
    assert set(made) == set(example.resource.record.__annotations__)
    assert {name: made[name] for name in body} == body
    assert made["version"] == 1
    assert str(UUID(made["id"])) == made["id"]
    assert await collection.get(made["id"]) == made
    assert await collection.get(UUID(made["id"])) == made
    assert made in (await collection.list())["items"]
    (event,) = await l01.query_events(aggregate_id=made["id"])
    assert event["event_type"] == f"{example.resource.name}.created"
    assert (event["payload"], event["version"]) == (made, 1)


@each_changeable
async def test_what_was_changed_is_changed_and_nothing_else_is(l01: L01Client, example: Example) -> None:
    collection, body = example.collection(l01), await example.body(l01)
    made: dict[str, Any] = await collection.create(**body)
    changed: dict[str, Any] = await collection.update(made["id"], example.changes, expected_version=1)
    assert await collection.get(made["id"]) == changed
    assert {name: changed[name] for name in example.changes} == example.changes
    moments = {"updated_at", "completed_at", "started_at"}
    untouched = set(made) - set(example.changes) - moments - {"version"}
    assert {name: changed[name] for name in untouched} == {name: made[name] for name in untouched}
    assert changed["version"] == 2
    event = (await l01.query_events(aggregate_id=made["id"]))[0]
    assert event["event_type"] == f"{example.resource.name}.{example.changes.get('status', 'updated')}"
    assert {**made, **event["payload"], "version": event["version"]} == changed


@each_resource
async def test_filters_find_what_they_name(l01: L01Client, example: Example) -> None:
    collection, body = example.collection(l01), await example.body(l01)
    made: dict[str, Any] = await collection.create(**body)
    if example.changes:
        made = await collection.update(made["id"], example.changes)
    references = {name: body[name] for name in example.references}
    for filters in ({name: value} for name, value in {**example.found_by, **references}.items()):
        assert made in (await collection.list(**filters))["items"], filters
    assert (await collection.list(**example.found_by, **references, total=True)).get("total") == 1
    for filters in ({name: value} for name, value in example.not_found_by.items()):
        assert made not in (await collection.list(**filters))["items"], filters
    for name in references:
        assert (await collection.list(**{name: uuid4()}))["items"] == []


@each_resource
async def test_pages_give_each_record_once_in_either_order(l01: L01Client, example: Example) -> None:
    collection = example.collection(l01)
    unique = {"did": "did:x:{}", "name": "name-{}", "key_hash": "{:064x}", "origin": "{}"}
    made: set[str] = set()
    for n in range(5):
        fields = {k: unique[k].format(n) if k in unique else v for k, v in (await example.body(l01)).items()}
        made.add((await collection.create(**fields))["id"])
    newest_first = [record["id"] async for record in collection.all(limit=2)]
    assert newest_first == sorted(newest_first, reverse=True)
    # Those that some refer to are of the same kind, and there too.
    assert made <= set(newest_first) and len(set(newest_first)) == len(newest_first)
    assert [record["id"] async for record in collection.all(limit=2, order="asc")] == newest_first[::-1]


@each_resource
async def test_what_was_deleted_is_gone(l01: L01Client, example: Example) -> None:
    collection = example.collection(l01)
    if "delete" not in example.resource.verbs:
        assert "delete" not in example.resource.operations
        return
    made: dict[str, Any] = await collection.create(**await example.body(l01))
    with pytest.raises(StaleVersionError):
        await collection.delete(made["id"], expected_version=2)
    assert await collection.delete(made["id"], expected_version=1) is True
    with pytest.raises(NotFoundError):
        await collection.get(made["id"])
    with pytest.raises(NotFoundError):
        await collection.delete(made["id"])
    event = (await l01.query_events(aggregate_id=made["id"]))[0]
    assert (event["event_type"], event["version"]) == (f"{example.resource.name}.deleted", 2)


@each_resource
async def test_an_unknown_record_is_not_found_and_no_id_is_none(l01: L01Client, example: Example) -> None:
    collection, unknown = example.collection(l01), uuid4()
    with pytest.raises(NotFoundError, match=str(unknown)):
        await collection.get(unknown)
    for nonsense in ("x", "", "..", "a/b", "\x00", "\ud800", "1" * 5000):
        with pytest.raises(InvalidError):
            await collection.get(nonsense)
    if "update" in example.resource.verbs:
        with pytest.raises(NotFoundError, match=str(unknown)):
            await collection.update(unknown, example.changes)


@each_resource
async def test_both_backends_answer_the_same(
    l01_local: L01Client, l01_http: L01Client, example: Example
) -> None:
    body = await example.body(l01_local)
    local, http = example.collection(l01_local), example.collection(l01_http)
    made: dict[str, Any] = await http.create(**body)
    assert await local.get(made["id"]) == await http.get(made["id"]) == made
    assert await local.list(total=True) == await http.list(total=True)
    assert await local.get(made["id"], as_of=made.get("created_at", made.get("started_at"))) == made
    if example.changes:
        changed = await http.update(made["id"], example.changes)
        assert await local.get(made["id"]) == changed
    await settled(l01_local)
    assert await l01_local.query_events() == await l01_http.query_events()
