"""Every error that the data layer raises: the same class, with the same words and members, over both backends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from agentic.layers.base.operation import Answer, Call
from agentic.layers.L01_data_layer import database
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.models import error_codes
from agentic.layers.L01_data_layer.models.agent import AGENTS
from agentic.layers.L01_data_layer.models.error_codes import (
    BrokenReferenceError,
    BudgetExceededError,
    ConsumedError,
    DatabaseUnavailableError,
    ExistsError,
    FencedError,
    IdempotencyError,
    InternalError,
    InvalidError,
    NotFoundError,
    PlatformError,
    StaleVersionError,
    StateError,
    TimedOutError,
    TooLargeError,
    UnreachableError,
)
from tests.kit.process import free_port

pytestmark = pytest.mark.anyio

UNKNOWN = uuid4()


async def invalid(l01: L01Client) -> None:
    await l01.agents.create(name="", agent_type=7, surplus=1)


async def not_found(l01: L01Client) -> None:
    await l01.get_agent(UNKNOWN)


async def exists(l01: L01Client) -> None:
    await l01.tools.create(name="t", schema_def={})
    await l01.tools.create(name="t", schema_def={})


async def broken_reference(l01: L01Client) -> None:
    await l01.create_goal(UNKNOWN, "g")


async def referred_to(l01: L01Client) -> None:
    agent = await l01.create_agent("a")
    await l01.create_goal(agent["id"], "g")
    await l01.delete_agent(agent["id"])


async def stale(l01: L01Client) -> None:
    agent = await l01.create_agent("a")
    await l01.agents.update(agent["id"], {"name": "b"}, expected_version=4)


async def stale_append(l01: L01Client) -> None:
    await l01.events.append("x.y", "x", UNKNOWN, {}, expected_version=3)


async def too_large(l01: L01Client) -> None:
    await l01.create_agent("a", "general", {"text": ["x" * 1_000_000] * 11})


async def idempotency(l01: L01Client) -> None:
    await l01.agents.create(name="a", idempotency_key="k")
    await l01.agents.create(name="b", idempotency_key="k")


async def state(l01: L01Client) -> None:
    goal = await l01.create_goal(None, "g")
    await l01.update_goal(goal["id"], {"status": "completed"})


async def fenced(l01: L01Client) -> None:
    run = await l01.runs.create()
    await l01.runs.claim("w")
    await l01.runs.step(run["id"], 7, kind="step", name="s")


async def consumed(l01: L01Client) -> None:
    approval = await l01.approvals.create(title="?")
    await l01.tool_executions.reserve("k", approval_id=approval["id"])


async def over_budget(l01: L01Client) -> None:
    await l01.budgets.create(scope="key", subject="k", max_tokens=10)
    try:
        await l01.usage.reserve(provider="p", model="m", key_id="k", tokens=11)
    except BudgetExceededError as error:
        del error.members["budget"]["id"]
        raise


CASES: list[tuple[Callable[[L01Client], Awaitable[None]], type[PlatformError], str, dict[str, Any]]] = [
    (
        invalid,
        InvalidError,
        "name: .*; agent_type: .*; surplus: ",
        {
            "errors": [
                {"field": "name", "message": "String should have at least 1 character"},
                {"field": "agent_type", "message": "Input should be a valid string"},
                {"field": "surplus", "message": "Extra inputs are not permitted"},
            ]
        },
    ),
    (not_found, NotFoundError, f"There is no agent {UNKNOWN}", {}),
    (exists, ExistsError, "tools record with name 't'", {"field": "name"}),
    (broken_reference, BrokenReferenceError, f"agent_id: .*{UNKNOWN} in agents", {"field": "agent_id"}),
    (referred_to, BrokenReferenceError, "goals", {"referenced_by": "goals"}),
    (stale, StaleVersionError, "at version 1, not 4", {"current_version": 1}),
    (stale_append, StaleVersionError, "at version 0, not 3", {"current_version": 0}),
    (too_large, TooLargeError, "10 MB", {}),
    (idempotency, IdempotencyError, "key", {}),
    (fenced, FencedError, "stands at token 1, not 7", {"current_token": 1}),
    (consumed, ConsumedError, "is pending", {"current_status": "pending"}),
    (
        over_budget,
        BudgetExceededError,
        "10 tokens",
        {
            "budget": {"scope": "key", "subject": "k", "period": "total"},
            "left": {"tokens": 10, "cost": None},
        },
    ),
    (state, StateError, "pending cannot become completed", {"current_status": "pending"}),
]


@pytest.mark.parametrize(
    ("provoke", "cls", "words", "members"), CASES, ids=[case[0].__name__ for case in CASES]
)
async def test_an_error_is_of_one_class_with_the_same_words(
    l01: L01Client, provoke: Any, cls: type[PlatformError], words: str, members: dict[str, Any]
) -> None:
    with pytest.raises(cls, match=words) as caught:
        await provoke(l01)
    error = caught.value
    assert type(error) is cls
    assert {name: value for name, value in error.members.items() if name != "request_id"} == members


async def test_a_failure_that_nobody_foresaw(
    l01: L01Client, data_layer: DataLayer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told apart from what callers do wrong, shows nothing of the inside, and is in the log."""

    async def broken(*_: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(data_layer.services.agents.records, "one", broken)
    with pytest.raises(InternalError) as caught:
        await l01.get_agent(UNKNOWN)
    assert "secret" not in str(caught.value)
    assert "the secret inside" in capsys.readouterr().out


async def test_the_database_is_gone(l01: L01Client, data_layer: DataLayer) -> None:
    await data_layer.database.close()
    for ask in (l01.list_agents(), l01.create_agent("a"), l01.query_events()):
        with pytest.raises(DatabaseUnavailableError):
            await ask


async def test_the_database_is_slow(
    l01: L01Client, data_layer: DataLayer, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await l01.create_agent("a")
    monkeypatch.setattr(database, "STATEMENT_LIMIT", 0.2)
    connection = await asyncpg.connect(database_url)
    async with connection.transaction():
        await connection.execute("SELECT 1 FROM agents WHERE id = $1 FOR UPDATE", agent["id"])
        with pytest.raises(TimedOutError):
            await l01.update_agent(agent["id"], {"name": "b"})
    await connection.close()
    monkeypatch.undo()
    assert (await l01.update_agent(agent["id"], {"name": "c"}))["name"] == "c"


async def test_the_server_is_gone() -> None:
    l01 = L01Client(f"http://127.0.0.1:{free_port()}")
    for ask in (l01.list_agents(), l01.create_agent("a")):
        with pytest.raises(UnreachableError, match=l01.base_url):
            await ask


async def test_an_answer_that_is_no_problem_is_an_error_all_the_same(l01_url: str) -> None:
    """Such as that of a proxy in between."""
    l01 = L01Client(f"{l01_url}/elsewhere")
    with pytest.raises(NotFoundError):
        await l01.list_agents()


def test_the_errors_of_the_data_layer_are_in_its_models() -> None:
    classes = [getattr(error_codes, name) for name in error_codes.__all__]
    assert {cls.code for cls in classes} == {
        "E0000",
        *(
            f"E{number}"
            for number in (
                *range(1000, 1009),
                *range(1010, 1013),
                *range(1020, 1023),
                *range(1030, 1034),
                1040,
                1090,
            )
        ),
    }


async def test_an_answer_may_be_passed_on_as_it_is(l01: L01Client) -> None:
    """For a gateway: the bytes of the record, its version and its id, on both backends."""
    made = await l01.answer(AGENTS.operations["create"], Call(body={"name": "a"}))
    assert made.id is not None
    again = await l01.answer(AGENTS.operations["get"], Call({"id": made.id}))
    agent = await l01.get_agent(made.id)
    assert again == Answer(again.body, 1, None)
    assert made.version == 1
    assert agent["name"] == "a"
