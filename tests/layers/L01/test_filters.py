"""What every list can be asked for."""

from __future__ import annotations

from typing import Any

import pytest

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.client import L01Client
from tests.layers.L01.moments import moment

pytestmark = pytest.mark.anyio


async def found(collection: Any, **filters: Any) -> list[str]:
    """The ids that a list answers; its total says the same."""
    page = await collection.list(**filters, total=True)
    assert page["total"] == len(page["items"])
    return [item["id"] for item in page["items"]]


async def test_since_and_until_bound_every_list_by_creation(l01: L01Client) -> None:
    before = moment()
    agent = await l01.create_agent("a")
    tool = await l01.register_tool("t", {})
    execution = await l01.record_tool_execution(tool["id"], agent["id"])
    usage = await l01.record_model_usage(agent["id"], "p", "m")
    goal = await l01.create_goal(agent["id"], "g")
    plan = await l01.create_plan(goal["id"], agent["id"], [])
    task = await l01.create_task(plan["id"], agent["id"], "t")
    evaluation = await l01.record_evaluation(agent["id"], task["id"], "e")
    feedback = await l01.record_feedback(agent["id"], task["id"], "f")
    document = await l01.documents.create(title="d")
    session = await l01.sessions.create()
    after = moment()
    records: list[tuple[Any, Any]] = [
        (l01.agents, agent),
        (l01.tools, tool),
        (l01.tool_executions, execution),
        (l01.model_usage, usage),
        (l01.goals, goal),
        (l01.plans, plan),
        (l01.tasks, task),
        (l01.evaluations, evaluation),
        (l01.feedback, feedback),
        (l01.documents, document),
        (l01.sessions, session),
    ]
    for collection, record in records:
        born = record["created_at"]
        assert await found(collection, since=before, until=after) == [record["id"]]
        assert await found(collection, since=born, until=born) == [record["id"]]
        assert await found(collection, since=after) == []
        assert await found(collection, until=before) == []
        assert await found(collection, since="1970-01-01T00:00:00Z") == [record["id"]]
        assert await found(collection, since="1066-10-14T00:00:00Z") == [record["id"]]
        assert await found(collection, until="1066-10-14T00:00:00Z") == []
        assert await found(collection, until="9998-12-31T23:59:59Z", since="2020-01-01T01:00:00+01:00") == [
            record["id"]
        ]


async def test_since_and_until_go_with_other_filters_and_pages(l01: L01Client) -> None:
    made = [await l01.create_agent(name) for name in "aabab"]
    bounds = {"since": made[1]["created_at"], "until": made[4]["created_at"]}
    assert await found(l01.agents, **bounds, name="a") == [made[3]["id"], made[1]["id"]]
    first = await l01.agents.list(**bounds, limit=3)
    rest = await l01.agents.list(**bounds, limit=3, cursor=first["next_cursor"])
    assert [item["id"] for item in first["items"] + rest["items"]] == [agent["id"] for agent in made[:0:-1]]


@pytest.mark.parametrize(
    "bound", ["yesterday", "", "2026-11-22", "2026-11-22T12:00:00", "0001-01-01T00:00:00+14:00"]
)
async def test_a_bound_that_is_no_time_is_refused(l01: L01Client, bound: str) -> None:
    for name in ("since", "until"):
        with pytest.raises(InvalidError) as refused:
            await l01.goals.list(**{name: bound})
        assert [error["field"] for error in refused.value.members["errors"]] == [name]


async def test_documents_are_found_by_tag_and_type(l01: L01Client) -> None:
    both = (await l01.documents.create(title="1", tags=["a", "b"], content_type="text/markdown"))["id"]
    one = (await l01.documents.create(title="2", tags=["a"]))["id"]
    odd = (await l01.documents.create(title="3", tags=["{a,b}", 'q"uo\\te', "ünï", "a b"]))["id"]
    assert await found(l01.documents, tag="a") == [one, both]
    assert await found(l01.documents, tag="b") == [both]
    assert await found(l01.documents, tag="a", content_type="text/markdown") == [both]
    for tag in ("{a,b}", 'q"uo\\te', "ünï", "a b"):
        assert await found(l01.documents, tag=tag) == [odd]
    assert await found(l01.documents, tag="c") == []


async def test_evaluations_are_found_by_score(l01: L01Client) -> None:
    ids = {}
    for score in (None, 0.0, 0.5, 0.85, 1.0):
        ids[score] = (await l01.record_evaluation(None, None, "quality", score))["id"]
    assert await found(l01.evaluations, min_score=0.5) == [ids[1.0], ids[0.85], ids[0.5]]
    assert await found(l01.evaluations, max_score=0.85) == [ids[0.85], ids[0.5], ids[0.0]]
    assert await found(l01.evaluations, min_score=0.85, max_score=0.85) == [ids[0.85]]
    assert await found(l01.evaluations, min_score=0.85001, max_score=1) == [ids[1.0]]
    assert await found(l01.evaluations, min_score=1e-05, max_score=0.5) == [ids[0.5]]
    for wrong in ("high", 2, -1, "nan"):
        with pytest.raises(InvalidError) as refused:
            await l01.evaluations.list(min_score=wrong)
        assert refused.value.members["errors"][0]["field"] == "min_score"


async def test_feedback_is_found_by_rating(l01: L01Client) -> None:
    ids = {rating: (await l01.record_feedback(None, None, "human", rating))["id"] for rating in (-1, 3, 5)}
    assert await found(l01.feedback, min_rating=3) == [ids[5], ids[3]]
    assert await found(l01.feedback, max_rating=-1) == [ids[-1]]


async def test_the_other_columns_filter_by_equality(l01: L01Client) -> None:
    agent = await l01.create_agent("A")
    await l01.create_agent("a")
    assert await found(l01.agents, name="A") == [agent["id"]]
    assert await found(l01.agents, did=agent["did"]) == [agent["id"]]
    goal = await l01.goals.create(description="g", priority=1)
    await l01.create_goal(None, "h")
    assert await found(l01.goals, priority=1) == [goal["id"]]
    plan = await l01.plans.create(steps=[], plan_type="parallel")
    await l01.create_plan(None, None, [])
    assert await found(l01.plans, plan_type="parallel") == [plan["id"]]
    task = await l01.create_task(None, None, "t", "code")
    await l01.create_task(None, None, "t")
    assert await found(l01.tasks, task_type="code") == [task["id"]]


@pytest.mark.parametrize("value", ["\x00", "\ud800"])
async def test_text_that_cannot_be_is_refused_by_the_name_of_its_filter(
    l01_local: L01Client, value: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        await l01_local.agents.list(name=value)
    assert [error["field"] for error in refused.value.members["errors"]] == ["name"]


async def test_a_nul_in_an_address_is_refused(l01_http: L01Client) -> None:
    for ask in (l01_http.agents.list(name="\x00"), l01_http.documents.list(tag="a\x00b")):
        with pytest.raises(InvalidError):
            await ask
