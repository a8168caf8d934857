"""Feedback: what fits is kept with all that belongs to it, what does not is refused; evaluators and failures give some by themselves."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.error_codes import InvalidError, NotFoundError
from agentic.layers.L07_learning.client import L07Client
from agentic.layers.L07_learning.errors import FeedbackError
from agentic.layers.L07_learning.verdicts import verdict
from tests.layers.L02.conftest import eventually
from tests.layers.L07.lived import a_run, an_agent

pytestmark = pytest.mark.anyio


async def test_feedback_is_about_a_run_and_is_processed_with_what_was_done(
    alone: L07Client, l01_local: L01Client
) -> None:
    agent_id = await an_agent(l01_local)
    run = await a_run(l01_local, agent_id, "Hi", "Hello.")
    given = await alone.thumb(run["id"], up=False, step=1, author="ada", source="chat", content="Too short.")
    assert (given["agent_id"], given["run_id"], given["step"]) == (agent_id, run["id"], 1)
    assert (given["author"], given["source"], given["processed"]) == ("ada", "chat", False)
    assert [each["id"] for each in (await alone.unprocessed())["items"]] == [given["id"]]
    assert (await l01_local.get_unprocessed_feedback())[0]["id"] == given["id"]

    done = await alone.handle(given["id"], "Told the team.", by="bob", reference="ticket 7")
    assert done["processed"] and done["handled"] is not None
    assert (done["handled"]["done"], done["handled"]["by"]) == ("Told the team.", "bob")
    assert (await alone.unprocessed())["items"] == []


async def test_both_backends_give_and_refuse_the_same(
    alone: L07Client, alone_http: L07Client, l01_local: L01Client
) -> None:
    agent_id = await an_agent(l01_local)
    run = await a_run(l01_local, agent_id, "Hi", "Hello.")
    for client in (alone, alone_http):
        given = await client.give(run["id"], "correction", correction="Hello, Ada.", idempotency_key="once")
        assert given["correction"] == "Hello, Ada."
    assert len((await alone_http.feedback(run_id=run["id"]))["items"]) == 1
    for client in (alone, alone_http):
        with pytest.raises(FeedbackError):
            await client.thumb(run["id"], up=True, step=2)


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        ("thumb", {}, "rating"),
        ("thumb", {"rating": 3}, "rating"),
        ("rating", {"rating": 0}, "rating"),
        ("rating", {"rating": 6}, "rating"),
        ("correction", {}, "correction"),
        ("comparison", {}, "better_than"),
        ("comparison", {"better_than": str(uuid4())}, "better_than"),
        ("comment", {"content": "\x00"}, "content"),
        ("shrug", {}, "kind"),
    ],
)
async def test_what_says_nothing_is_refused(
    alone: L07Client, l01_local: L01Client, kind: str, fields: dict[str, Any], field: str
) -> None:
    run = await a_run(l01_local, await an_agent(l01_local), "Hi", "Hello.")
    with pytest.raises(InvalidError) as refused:
        await alone.give(run["id"], kind, **fields)
    assert refused.value.members["errors"][0]["field"].startswith(field)
    assert (await alone.feedback())["items"] == []


async def test_runs_that_are_not_there_or_not_comparable(alone: L07Client, l01_local: L01Client) -> None:
    run = await a_run(l01_local, await an_agent(l01_local), "Hi", "Hello.")
    other = await a_run(l01_local, await an_agent(l01_local), "Hi", "Hello.")
    with pytest.raises(InvalidError):
        await alone.thumb(uuid4(), up=True)
    for better_than in (run["id"], other["id"]):
        with pytest.raises(FeedbackError):
            await alone.give(run["id"], "comparison", better_than=better_than)
    with pytest.raises(NotFoundError):
        await alone.handle(uuid4(), "Nothing.")


async def test_evaluators_and_failures_give_feedback_by_themselves(
    alone: L07Client, l01_local: L01Client
) -> None:
    agent_id = await an_agent(l01_local)
    run = await a_run(l01_local, agent_id, "Hi", "Hello.")
    failed = await a_run(l01_local, agent_id, "Hi", end="failed")
    for score in (0.95, 0.6, 0.1):
        await l01_local.evaluations.create(
            agent_id=agent_id, run_id=run["id"], evaluation_type="quality", score=score
        )

    async def all_there() -> bool:
        return len((await alone.feedback())["items"]) == 3

    await eventually(all_there)
    by_run = [each async for each in l01_local.feedback.all(order="asc")]
    told = [(each["run_id"], each["source"], each["rating"]) for each in by_run]
    assert sorted(told) == sorted(
        [(failed["id"], "outcome", -1), (run["id"], "evaluator", 5), (run["id"], "evaluator", 1)]
    )


def said(kind: str, rating: int | None, source: str = "chat", correction: Any = None) -> Any:
    return {"feedback_type": kind, "rating": rating, "source": source, "correction": correction}


@pytest.mark.parametrize(
    ("feedback", "expected"),
    [
        ([], 0),
        ([said("thumb", 1)], 1),
        ([said("rating", 1)], -1),
        ([said("human", 4, None)], 1),  # type: ignore[arg-type]
        ([said("rating", 3)], 0),
        ([said("thumb", 1), said("thumb", -1)], 0),
        ([said("correction", None, correction="x")], -1),
        ([said("evaluation", 5, "evaluator")], 1),
        ([said("evaluation", 5, "evaluator"), said("thumb", -1)], -1),
        ([said("comment", None), said("outcome", -1, "outcome")], -1),
    ],
)
def test_what_people_say_goes_before_what_evaluators_say(feedback: list[Any], expected: int) -> None:
    assert verdict(feedback) == expected
