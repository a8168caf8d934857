"""Agents are found by a part of their names."""

import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.services import records

pytestmark = pytest.mark.anyio


async def test_a_part_of_the_name_is_enough(l01: L01Client) -> None:
    for name in ("Research planner", "code_writer", "100% sure", "ÜBERSETZER"):
        await l01.create_agent(name)

    async def found(text: str) -> list[str]:
        return [agent["name"] for agent in (await l01.agents.list(search=text, total=True))["items"]]

    assert await found("planner") == ["Research planner"]
    assert await found("RESEARCH") == ["Research planner"]
    assert await found("übersetz") == ["ÜBERSETZER"]
    assert await found("%") == ["100% sure"]
    assert await found("_") == ["code_writer"]
    assert await found("nobody") == []


async def test_a_search_looks_at_so_many_and_the_next_page_goes_on(
    l01_local: L01Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "READ", 5)
    made = [
        await l01_local.create_agent(f"agent {number}", "odd" if number % 2 else "even")
        for number in range(12)
    ]

    page = await l01_local.agents.list(search="agent 1", order="asc", limit=1, total=True)
    assert ([each["name"] for each in page["items"]], page["total"]) == (["agent 1"], None)  # pyright: ignore[reportTypedDictNotRequiredAccess]
    everywhere = [each["name"] async for each in l01_local.agents.all(search="agent 1", limit=1)]
    assert everywhere == ["agent 11", "agent 10", "agent 1"]
    assert [each async for each in l01_local.agents.all(search="agent 0")] == [made[0]]
    assert [each async for each in l01_local.agents.all(search="nobody")] == []

    # What other filters leave out is not looked at.
    page = await l01_local.agents.list(search="agent 1", agent_type="odd", status="created", total=True)
    assert page["next_cursor"] is not None
    await l01_local.update_agent(made[1]["id"], {"status": "active"})
    page = await l01_local.agents.list(search="agent 1", agent_type="odd", status="active", total=True)
    assert page == {"items": [await l01_local.get_agent(made[1]["id"])], "next_cursor": None, "total": 1}
