"""`as_of`: records and lists as they were at a time or a position."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.looking import FOLDED
from tests.layers.L01.moments import moment, position_after

pytestmark = pytest.mark.anyio


async def test_a_record_is_read_as_it_was_at_a_position(l01: L01Client) -> None:
    agent = await l01.create_agent("first", "general", {"a": 1})
    created = await position_after(l01)
    changed = await l01.update_agent(agent["id"], {"name": "second", "configuration": {"b": 2}})
    renamed = await position_after(l01)
    await l01.update_agent(agent["id"], {"status": "active"})

    assert await l01.agents.get(agent["id"], as_of=str(created)) == agent
    assert await l01.agents.get(agent["id"], as_of=str(renamed)) == changed


async def test_a_record_is_read_as_it_was_at_a_time(l01: L01Client) -> None:
    before = moment()
    agent = await l01.create_agent("first")
    between = moment()
    changed = await l01.update_agent(agent["id"], {"name": "second"})

    assert await l01.agents.get(agent["id"], as_of=between) == agent
    assert await l01.agents.get(agent["id"], as_of=moment()) == changed
    with pytest.raises(NotFoundError, match="Then there was no agent"):
        await l01.agents.get(agent["id"], as_of=before)


async def test_a_deleted_record_is_there_before_and_not_after(l01: L01Client) -> None:
    agent = await l01.create_agent("short lived")
    alive = await position_after(l01)
    await l01.delete_agent(agent["id"])
    dead = await position_after(l01)

    assert await l01.agents.get(agent["id"], as_of=str(alive)) == agent
    with pytest.raises(NotFoundError):
        await l01.agents.get(agent["id"], as_of=str(dead))
    assert [item["id"] for item in (await l01.agents.list(as_of=str(alive)))["items"]] == [agent["id"]]
    assert (await l01.agents.list(as_of=str(dead), total=True)) == {
        "items": [],
        "next_cursor": None,
        "total": 0,
    }


async def test_what_never_was_is_not_found(l01: L01Client) -> None:
    nobody = "01890000-0000-7000-8000-000000000000"
    for as_of in (moment(), "0", "1000000"):
        with pytest.raises(NotFoundError):
            await l01.agents.get(nobody, as_of=as_of)


@pytest.mark.parametrize(
    "as_of",
    [
        "yesterday",
        "2026-11-22T12:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "-1",
        "1e3",
        "",
        "9" * 30,
    ],
)
async def test_what_is_no_moment_is_refused(l01: L01Client, as_of: str) -> None:
    agent = await l01.create_agent("a")
    for ask in (l01.agents.get(agent["id"], as_of=as_of), l01.agents.list(as_of=as_of)):
        with pytest.raises(InvalidError) as refused:
            await ask
        assert refused.value.members["errors"][0]["field"] == "as_of"


async def test_facts_about_a_record_do_not_change_its_past(l01: L01Client) -> None:
    agent = await l01.create_agent("a")
    await l01.publish_event("agent.spawned", "agent", agent["id"], {"name": "not this", "x": 1})
    assert await l01.agents.get(agent["id"], as_of=str(await position_after(l01))) == agent


async def test_a_list_of_the_past_filters_what_was_true_then(l01: L01Client) -> None:
    names = ["a", "b", "c", "d", "e"]
    agents = [await l01.create_agent(name) for name in names]
    for agent in agents[:3]:
        await l01.update_agent(agent["id"], {"status": "active"})
    then = await position_after(l01)
    await l01.update_agent(agents[0]["id"], {"status": "suspended"})
    await l01.update_agent(agents[4]["id"], {"status": "active"})
    await l01.delete_agent(agents[1]["id"])
    await l01.create_agent("later")

    active = await l01.agents.list(as_of=str(then), status="active", total=True)
    assert [item["name"] for item in active["items"]] == ["c", "b", "a"]
    assert active["total"] == 3
    assert [item["status"] for item in active["items"]] == ["active"] * 3
    everyone = await l01.agents.list(as_of=str(then), order="asc")
    assert [item["name"] for item in everyone["items"]] == names
    assert (await l01.agents.list(as_of=str(then), name="later"))["items"] == []


async def test_a_list_of_the_past_pages_by_cursor(l01: L01Client) -> None:
    ids = [(await l01.create_agent(f"a{n}"))["id"] for n in range(7)]
    then = str(await position_after(l01))
    await l01.delete_agent(ids[3])
    for order, expected in (("desc", ids[::-1]), ("asc", ids)):
        seen: list[str] = []
        pages = 0
        cursor = None
        while True:
            page = await l01.agents.list(as_of=then, limit=3, order=order, cursor=cursor)
            seen += [item["id"] for item in page["items"]]
            pages += 1
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert (seen, pages) == (expected, 3)


async def test_a_page_of_the_past_looks_at_so_many_and_the_next_goes_on(l01: L01Client) -> None:
    """What a filter seldom meets is found all the same, page by page, and no page folds all that there are."""
    made = [f"a{number}" for number in range(2 * FOLDED)]
    for start in range(0, len(made), 100):
        await asyncio.gather(*(l01.create_agent(name) for name in made[start : start + 100]))
    then = str(await position_after(l01))
    first = (await l01.agents.list(order="asc", limit=1))["items"][0]

    page = await l01.agents.list(as_of=then, name=first["name"], total=True)
    assert (page["items"], page.get("total", 0)) == ([], None)
    assert page["next_cursor"] is not None
    assert [item async for item in l01.agents.all(as_of=then, name=first["name"])] == [first]
    assert len((await l01.agents.list(as_of=then, limit=1000))["items"]) == FOLDED
    assert len([item async for item in l01.agents.all(as_of=then, limit=1000)]) == len(made)
    backwards = [item["id"] async for item in l01.agents.all(as_of=then, order="asc", limit=70)]
    assert backwards == sorted(backwards) and len(backwards) == len(made)


async def test_bounds_of_the_past_are_not_reached_page_by_page(l01: L01Client) -> None:
    """`since` and `until` are in the ids: what they leave out is not even looked at."""
    await asyncio.gather(*(l01.create_agent(f"a{number}") for number in range(3)))
    then = str(await position_after(l01))
    long_ago, soon = "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
    for bounds in ({"until": long_ago}, {"since": soon}):
        assert await l01.agents.list(as_of=then, total=True, **bounds) == {
            "items": [],
            "next_cursor": None,
            "total": 0,
        }
    within = await l01.agents.list(as_of=then, since=long_ago, until=soon, total=True)
    assert (len(within["items"]), within.get("total")) == (3, 3)


async def test_items_of_the_past_are_those_of_the_present(l01: L01Client) -> None:
    """Every kind of record: nothing changes, so the list as of now is the list."""
    agent = await l01.create_agent("a", "general", {"big": 10**30, "null": None})
    tool = await l01.register_tool("t", {"type": "object"}, "does")
    await l01.record_tool_execution(tool["id"], agent["id"], {"x": None}, [1, 2.5], "success")
    await l01.record_model_usage(agent["id"], "ollama", "llama3", 1, 2, 3, 0.000123)
    goal = await l01.create_goal(agent["id"], "g", [{"done": True}])
    plan = await l01.create_plan(goal["id"], agent["id"], [1])
    task = await l01.create_task(plan["id"], agent["id"], "t", None)
    await l01.update_task(task["id"], {"status": "completed", "output_data": {"null": None}})
    await l01.record_evaluation(agent["id"], task["id"], "quality", 0.85, {"a": 0.9})
    await l01.record_feedback(agent["id"], task["id"], "human", 4, "good")
    await l01.documents.create(title="d", tags=["x", 'y"z'], content=None)
    session = await l01.sessions.create(agent_id=agent["id"], context={"a": [1]})
    await l01.sessions.update(session["id"], {"checkpoint": None, "context": {}})
    then = str(await position_after(l01))

    collections: list[Any] = [
        l01.agents,
        l01.tools,
        l01.tool_executions,
        l01.model_usage,
        l01.goals,
        l01.plans,
        l01.tasks,
        l01.evaluations,
        l01.feedback,
        l01.documents,
        l01.sessions,
    ]
    for collection in collections:
        now = await collection.list(total=True)
        assert now["total"] == 1
        assert await collection.list(total=True, as_of=then) == now
        assert list((await collection.list(as_of=then))["items"][0]) == list(now["items"][0])
        assert await collection.get(now["items"][0]["id"], as_of=then) == now["items"][0]


async def test_an_array_filter_looks_at_the_past(l01: L01Client) -> None:
    document = await l01.documents.create(title="d", tags=["old", "both"])
    then = str(await position_after(l01))
    await l01.documents.update(document["id"], {"tags": ["new", "both"]})

    assert (await l01.documents.list(tag="old", as_of=then))["items"] == [document]
    assert (await l01.documents.list(tag="both", as_of=then))["items"] == [document]
    assert (await l01.documents.list(tag="new", as_of=then))["items"] == []
    assert (await l01.documents.list(tag="old"))["items"] == []
