"""Budgets: held before a call is sent, settled when it is over, never overspent."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from agentic.layers.base.common_errors import (
    BudgetExceededError,
    ExistsError,
    InvalidError,
    NotFoundError,
    StateError,
)
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.settings import L01Settings
from tests.kit.log import settled
from tests.layers.L01.lives import USED, called, taken

pytestmark = pytest.mark.anyio
NOBODY = "01890000-0000-7000-8000-000000000000"


async def reserve(l01: L01Client, **fields: Any) -> str:
    return (await l01.usage.reserve(provider="p", model="m", **{"tokens": 10, "cost": 0.1, **fields}))["id"]


async def test_a_hundred_calls_at_once_never_overspend(
    l01_local: L01Client, l01_settings: L01Settings
) -> None:
    budget = await l01_local.budgets.create(scope="all", max_tokens=330, max_cost=100.0)
    other = DataLayer(Context(), l01_settings)
    async with other.running(), L01Client(backend=other.backend) as there:
        answers = await asyncio.gather(
            *(reserve(here) for _ in range(50) for here in (l01_local, there)), return_exceptions=True
        )
    reserved = [answer for answer in answers if isinstance(answer, str)]
    refused = [answer for answer in answers if isinstance(answer, BudgetExceededError)]
    assert (len(reserved), len(refused)) == (33, 67)
    assert refused[0].members["budget"]["id"] == budget["id"]
    left = await l01_local.budgets.left(budget["id"])
    assert (left["spent"], left["left"]) == ({"tokens": 330, "cost": 3.3}, {"tokens": 0, "cost": 96.7})
    await asyncio.gather(*(l01_local.usage.settle(usage_id, {"input_tokens": 1}) for usage_id in reserved))
    left = await l01_local.budgets.left(budget["id"])
    assert (left["spent"], left["left"]) == ({"tokens": 33, "cost": 0}, {"tokens": 297, "cost": 100})
    await settled(l01_local)
    assert (await l01_local.check())["differences"] == []


async def test_what_fits_beside_what_does_not_is_taken(l01_local: L01Client) -> None:
    await l01_local.budgets.create(scope="all", max_tokens=100)
    big, *small = await asyncio.gather(
        reserve(l01_local, tokens=101),
        *(reserve(l01_local, tokens=20) for _ in range(5)),
        return_exceptions=True,
    )
    assert isinstance(big, BudgetExceededError)
    assert all(isinstance(answer, str) for answer in small)


async def test_each_scope_counts_its_own(l01: L01Client) -> None:
    agent, goal = await l01.create_agent("a"), await l01.create_goal(None, "g")
    run = await taken(l01, agent_id=agent["id"])
    subjects = {"agent": agent["id"].upper(), "run": run["id"], "goal": goal["id"], "key": "k", "model": "m"}
    budgets = {
        scope: await l01.budgets.create(scope=scope, subject=subject, max_tokens=15)
        for scope, subject in subjects.items()
    }
    mine = {
        "agent": {"agent_id": agent["id"]},
        "run": {"run_id": run["id"], "token": 1},
        "goal": {"goal_id": goal["id"]},
        "key": {"key_id": "k"},
        "model": {"model": "m"},
    }
    for scope, fields in mine.items():
        await l01.usage.reserve(**{"provider": "p", "model": "other", "tokens": 10, **fields})
        with pytest.raises(BudgetExceededError) as refused:
            await l01.usage.reserve(**{"provider": "p", "model": "other", "tokens": 6, **fields})
        budget = budgets[scope]
        members = {name: refused.value.members[name] for name in ("budget", "left")}
        assert members == {
            "budget": {"id": budget["id"], "scope": scope, "subject": budget["subject"], "period": "total"},
            "left": {"tokens": 5, "cost": None},
        }
        assert "5 tokens" in refused.value.detail
    await l01.usage.reserve(provider="p", model="another", tokens=1000)


async def test_money_is_counted_to_the_micro_dollar(l01: L01Client) -> None:
    budget = await l01.budgets.create(scope="all", period="day", max_cost=0.000003)
    first = await reserve(l01, cost=0.000002)
    with pytest.raises(BudgetExceededError):
        await reserve(l01, cost=0.000002)
    await l01.usage.settle(first, {"cost": 0.000001})
    await reserve(l01, cost=0.000002)
    left = await l01.budgets.left(budget["id"])
    assert (left["spent"]["cost"], left["left"]["cost"], left["left"]["tokens"]) == (0.000003, 0, None)
    assert left["since"] is not None
    assert left["since"].endswith("T00:00:00.000000Z")


async def test_a_budget_counts_what_was_used_before_it_was_made(l01: L01Client) -> None:
    await l01.record_model_usage(None, "p", "m", 100, 20, cost=0.5)
    open_call = await reserve(l01)
    budget = await l01.budgets.create(scope="model", subject="m", max_tokens=200, max_cost=1.0)
    assert (await l01.budgets.left(budget["id"]))["spent"] == {"tokens": 120, "cost": 0.5}
    await l01.usage.settle(open_call, {"input_tokens": 5})
    await l01.record_model_usage(None, "p", "m", 30, 0, cost=0.25)
    await l01.record_model_usage(None, "p", "other", 1000, 0)
    assert (await l01.budgets.left(budget["id"]))["spent"] == {"tokens": 150, "cost": 0.75}
    await l01.budgets.update(budget["id"], {"enabled": False})
    await reserve(l01, tokens=1000)
    await l01.record_model_usage(None, "p", "m", 7, 0)
    on = await l01.budgets.update(budget["id"], {"enabled": True, "max_tokens": 300})
    assert on["max_tokens"] == 300
    assert (await l01.budgets.left(budget["id"]))["spent"]["tokens"] == 162


async def test_the_first_calls_of_a_period_count_each_other_once(l01_local: L01Client) -> None:
    budget = await l01_local.budgets.create(scope="all", period="month", max_tokens=10**6)
    await asyncio.gather(*(l01_local.record_model_usage(None, "p", "m", 1, 1) for _ in range(40)))
    await asyncio.gather(*(reserve(l01_local, tokens=1) for _ in range(20)))
    assert (await l01_local.budgets.left(budget["id"]))["spent"]["tokens"] == 100


async def test_spending_that_was_forgotten_is_made_again(l01: L01Client, data_layer: DataLayer) -> None:
    budget = await l01.budgets.create(scope="all", max_tokens=1000)
    held = await reserve(l01, tokens=100)
    await l01.usage.settle(await reserve(l01, tokens=500), {"output_tokens": 7})
    before = await l01.budgets.left(budget["id"])
    assert before["spent"]["tokens"] == 107
    await data_layer.database.write("DELETE FROM budget_spending")
    assert await l01.budgets.left(budget["id"]) == before
    await l01.usage.settle(held, {})
    assert (await l01.budgets.left(budget["id"]))["spent"]["tokens"] == 7


async def test_a_budget_that_cannot_be_is_refused(l01: L01Client) -> None:
    for fields in (
        {"scope": "agent"},
        {"scope": "all", "subject": "x"},
        {"scope": "agent", "subject": "x"},
        {"scope": "galaxy", "subject": "x"},
        {"scope": "all", "max_tokens": -1},
        {"scope": "all", "max_cost": -0.1},
        {"scope": "all", "period": "year"},
    ):
        with pytest.raises(InvalidError):
            await l01.budgets.create(**fields)
    with pytest.raises(NotFoundError):
        await l01.budgets.left(NOBODY)
    precise = await l01.budgets.create(scope="all", max_cost=1.00000049)
    assert precise["max_cost"] == (await l01.budgets.get(precise["id"]))["max_cost"] == 1.0
    budget = await l01.budgets.create(scope="all", max_tokens=5)
    await l01.record_model_usage(None, "p", "m", 9, 0)
    assert (await l01.budgets.left(budget["id"]))["left"]["tokens"] == 0
    assert await l01.budgets.delete(budget["id"]) is True


# -- how calls end


async def test_a_call_ends_as_it_ended(l01: L01Client) -> None:
    budget = await l01.budgets.create(scope="all", max_tokens=10**6, max_cost=1000.0)
    failed = await l01.usage.fail(await reserve(l01), {"code": "E4001", "detail": "no"})
    assert (failed["status"], failed["error"]["code"], failed["estimated"]) == ("failed", "E4001", False)
    assert (failed["input_tokens"], failed["output_tokens"], failed["cost_estimate"]) == (0, 0, None)
    cut = await l01.usage.cut_off(await reserve(l01, tokens=100, input_tokens=30, cost=0.25))
    assert (cut["status"], cut["estimated"], cut["cost_estimate"]) == ("cut", True, 0.25)
    assert (cut["input_tokens"], cut["output_tokens"], cut["held"]) == (30, 70, None)
    seen = await l01.usage.cut_off(await reserve(l01), {"input_tokens": 3, "cost": None, "cost_known": False})
    assert (seen["input_tokens"], seen["cost_estimate"], seen["cost_known"]) == (3, None, False)
    assert (await l01.budgets.left(budget["id"]))["spent"] == {"tokens": 103, "cost": 0.25}
    for action in (l01.usage.settle(cut["id"], {}), l01.usage.fail(failed["id"], {})):
        with pytest.raises(StateError):
            await action
    with pytest.raises(NotFoundError):
        await l01.usage.settle(NOBODY, {})
    with pytest.raises(InvalidError, match="input_tokens"):
        await reserve(l01, tokens=1, input_tokens=2)


async def test_the_calls_of_a_lost_worker_are_cut(l01: L01Client, data_layer: DataLayer) -> None:
    run = await taken(l01)
    old = await called(l01, run)
    await data_layer.database.write("UPDATE runs SET lease_until = now() - interval '1 second'")
    (mine,) = await l01.runs.claim("new", 1, 30)
    fresh = await called(l01, mine)
    (cut,) = await l01.usage.cut(run_id=run["id"], before_token=mine["token"])
    assert (cut["id"], cut["status"], cut["estimated"]) == (old, "cut", True)
    assert (await l01.model_usage.get(fresh))["status"] == "reserved"
    assert await l01.usage.cut(run_id=run["id"], before_token=mine["token"]) == []
    await l01.runs.step(run["id"], mine["token"], kind="model", name="m", usage_id=fresh, usage=USED)
    done = await l01.runs.move(run["id"], mine["token"], "completed")
    assert (done["cost"], done["input_tokens"]) == (0.011234, 180)


async def test_a_call_of_which_nobody_speaks_any_more_is_cut(l01: L01Client) -> None:
    usage_id = await reserve(l01, seconds=0.01)
    async with asyncio.timeout(20):
        while (await l01.model_usage.get(usage_id))["status"] != "cut":
            await asyncio.sleep(0.02)


async def test_the_cost_of_a_run_follows_a_call_that_ends_after_it(l01: L01Client) -> None:
    run = await taken(l01)
    usage_id = await called(l01, run)
    await l01.runs.cancel(run["id"])
    await l01.usage.cut_off(usage_id, {"input_tokens": 9, "cost": 0.5})
    after = await l01.runs.get(run["id"])
    assert (after["cost"], after["input_tokens"], after["status"]) == (0.5, 9, "cancelled")


async def test_finished_calls_are_written_together_or_not_at_all(l01: L01Client) -> None:
    budget = await l01.budgets.create(scope="key", subject="k", max_tokens=10**6)
    call = {"model_provider": "p", "model_name": "m", "input_tokens": 2, "key_id": "k", "cost_estimate": 0.1}
    own = str(uuid4())
    ids = await l01.usage.record_all([call, {**call, "id": own, "status": "failed"}])
    assert ids[1] == own
    items = (await l01.model_usage.list(key_id="k"))["items"]
    assert {item["id"]: item["status"] for item in items} == {ids[0]: "completed", own: "failed"}
    with pytest.raises(ExistsError):
        await l01.usage.record_all([call, {**call, "id": own}])
    assert (await l01.model_usage.list(key_id="k", total=True)).get("total") == 2
    assert (await l01.budgets.left(budget["id"]))["spent"]["tokens"] == 4
    with pytest.raises(InvalidError):
        await l01.usage.record_all([])
