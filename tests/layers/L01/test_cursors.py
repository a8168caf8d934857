"""Bookmarks: kept, moved, and silent."""

from __future__ import annotations

import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.error_codes import InvalidError, NotFoundError

pytestmark = pytest.mark.anyio


async def test_a_bookmark_stays_where_it_was_put(l01: L01Client) -> None:
    with pytest.raises(NotFoundError, match=r"L11\.notify"):
        await l01.cursors.get("L11.notify")
    made = await l01.cursors.set("L11.notify", 41)
    assert made["position"] == 41
    moved = await l01.cursors.set("L11.notify", 7)
    assert moved["updated_at"] > made["updated_at"]
    assert (
        await l01.cursors.get("L11.notify")
        == moved
        == {**made, "position": 7, "updated_at": moved["updated_at"]}
    )


async def test_bookmarks_are_listed_by_name_and_are_no_events(l01: L01Client) -> None:
    for name in ("b", "a", "c"):
        await l01.cursors.set(name, 2**53)
    first = await l01.cursors.list(limit=2, order="asc", total=True)
    assert [cursor["name"] for cursor in first["items"]] == ["a", "b"]
    assert first.get("total") == 3
    last = await l01.cursors.list(limit=2, order="asc", cursor=first["next_cursor"])
    assert [cursor["name"] for cursor in last["items"]] == ["c"]
    assert await l01.query_events() == []


@pytest.mark.parametrize("name", ["", "../x", "a b", "é", "x" * 256, "a\x00"])
async def test_a_name_that_is_no_name_is_refused(l01_local: L01Client, name: str) -> None:
    with pytest.raises(InvalidError, match="name"):
        await l01_local.cursors.set(name, 1)


@pytest.mark.parametrize("position", [-1, 2**53 + 1, 1.5, "1", None])
async def test_a_position_that_is_none_is_refused(l01: L01Client, position: int) -> None:
    with pytest.raises(InvalidError, match="position"):
        await l01.cursors.set("a", position)


async def test_onward_it_never_goes_back(l01: L01Client) -> None:
    """A process that was stopped for long comes back and says where it stood."""
    for position, stands in ((5, 5), (3, 5), (9, 9)):
        assert (await l01.cursors.set("a", position, onward=True))["position"] == stands
    assert (await l01.cursors.set("a", 1))["position"] == 1
