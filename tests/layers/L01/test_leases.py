"""Leases: one holder at a time, given back or over, and no events."""

from __future__ import annotations

import asyncio

import pytest

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.client import L01Client

pytestmark = pytest.mark.anyio


async def test_one_holds_it_until_it_is_given_back(l01: L01Client) -> None:
    mine = await l01.leases.hold("deliveries", "a", 60)
    assert (mine["name"], mine["holder"], mine["held"]) == ("deliveries", "a", True)
    theirs = await l01.leases.hold("deliveries", "b", 60)
    assert theirs == {**mine, "held": False}
    kept = await l01.leases.hold("deliveries", "a", 120)
    assert kept["held"] and kept["until"] > mine["until"]
    assert not (await l01.leases.hold("deliveries", "b", 0))["held"], "nobody gives back what another has"
    assert not (await l01.leases.hold("deliveries", "a", 0))["held"]
    assert (await l01.leases.hold("deliveries", "b", 60))["held"]


async def test_it_is_over_by_itself(l01: L01Client) -> None:
    assert (await l01.leases.hold("x", "a", 0.05))["held"]
    await asyncio.sleep(0.1)
    assert (await l01.leases.hold("x", "b", 60))["held"]
    assert not (await l01.leases.hold("x", "a", 60))["held"]


async def test_of_many_who_ask_at_once_one_has_it(l01_local: L01Client) -> None:
    asked = await asyncio.gather(*(l01_local.leases.hold("x", f"h{n}", 60) for n in range(30)))
    assert sum(each["held"] for each in asked) == 1
    assert len({each["holder"] for each in asked}) == 1


async def test_they_are_listed_by_name_and_are_no_events(l01: L01Client) -> None:
    for name in ("b", "a"):
        await l01.leases.hold(name, "me", 60)
    page = await l01.leases.list(order="asc", total=True)
    assert [(each["name"], each["holder"]) for each in page["items"]] == [("a", "me"), ("b", "me")]
    assert page.get("total") == 2
    assert await l01.query_events() == []


@pytest.mark.parametrize(
    ("name", "holder", "seconds", "field"),
    [
        ("", "a", 1, "name"),
        ("a b", "a", 1, "name"),
        ("a", "", 1, "holder"),
        ("a", "é", 1, "holder"),
        ("a", "a", -1, "seconds"),
        ("a", "a", 3601, "seconds"),
        ("a", "a", float("nan"), "seconds"),
    ],
)
async def test_what_is_no_lease_is_refused(
    l01_local: L01Client, name: str, holder: str, seconds: float, field: str
) -> None:
    with pytest.raises(InvalidError, match=field):
        await l01_local.leases.hold(name, holder, seconds)
