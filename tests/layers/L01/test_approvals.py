"""Approvals and the effect ledger: an effect happens once, and only with a person's word where it needs one."""

from __future__ import annotations

import asyncio

import pytest

from agentic.layers.base.common_errors import ConsumedError, InvalidError, NotFoundError, StateError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from tests.kit.log import settled
from tests.layers.L01.lives import taken

pytestmark = pytest.mark.anyio
NOBODY = "01890000-0000-7000-8000-000000000000"
LONG_AGO = "2026-01-01T00:00:00Z"


# -- decided


async def test_a_decision_lets_the_run_go_on(l01: L01Client) -> None:
    run = await taken(l01)
    question = await l01.approvals.create(run_id=run["id"], title="May it?", request={"path": "/x"})
    assert question["status"] == "pending"
    waiting = await l01.runs.move(run["id"], run["token"], "waiting_approval")
    assert (waiting["status"], waiting["due_at"]) == ("waiting_approval", None)
    assert await l01.runs.claim("w", 1, 30) == []
    decided = await l01.approvals.decide(question["id"], "denied", "me", "not today")
    assert (decided["status"], decided["decided_by"], decided["reason"]) == ("denied", "me", "not today")
    assert decided["decided_at"] is not None
    (again,) = await l01.runs.claim("w", 1, 30)
    assert (again["id"], again["token"], again["due_at"]) == (run["id"], 2, None)
    for decision in ("approved", "denied"):
        with pytest.raises(StateError) as refused:
            await l01.approvals.decide(question["id"], decision)  # type: ignore[arg-type]
        assert refused.value.members["current_status"] == "denied"
    with pytest.raises(NotFoundError):
        await l01.approvals.decide(NOBODY, "approved")
    with pytest.raises(InvalidError):
        await l01.approvals.decide(question["id"], "maybe")  # type: ignore[arg-type]


async def test_a_decision_before_the_run_waits_is_not_missed(l01: L01Client) -> None:
    run = await taken(l01)
    question = await l01.approvals.create(run_id=run["id"], title="?")
    await l01.approvals.decide(question["id"], "approved")
    assert await l01.runs.claim("w", 1, 30) == []
    waiting = await l01.runs.move(run["id"], run["token"], "waiting_approval")
    assert waiting["due_at"] is not None
    assert len(await l01.runs.claim("w", 1, 30)) == 1


async def test_however_decision_and_wait_meet_the_run_goes_on(l01_local: L01Client) -> None:
    l01 = l01_local
    for _ in range(20):
        run = await taken(l01)
        question = await l01.approvals.create(run_id=run["id"], title="?")
        await asyncio.gather(
            l01.runs.move(run["id"], run["token"], "waiting_approval"),
            l01.approvals.decide(question["id"], "approved"),
        )
        (again,) = await l01.runs.claim("w", 1, 30)
        assert again["id"] == run["id"]
        await l01.runs.move(run["id"], again["token"], "completed")


async def test_a_decision_does_not_wake_a_paused_run(l01: L01Client) -> None:
    run = await taken(l01)
    question = await l01.approvals.create(run_id=run["id"], title="?")
    await l01.runs.pause(run["id"])
    await l01.approvals.decide(question["id"], "approved")
    assert await l01.runs.claim("w", 1, 30) == []


async def test_silence_expires_and_wakes_the_run(l01: L01Client) -> None:
    run = await taken(l01)
    question = await l01.approvals.create(run_id=run["id"], title="?", expires_at=LONG_AGO)
    await l01.runs.move(run["id"], run["token"], "waiting_approval")
    async with asyncio.timeout(20):
        while (await l01.approvals.get(question["id"]))["status"] != "expired":
            await asyncio.sleep(0.02)
        while not await l01.runs.claim("w", 1, 30):
            await asyncio.sleep(0.02)
    with pytest.raises(StateError):
        await l01.approvals.decide(question["id"], "approved")


# -- effects


async def test_an_effect_is_reserved_once_and_recorded_once(l01: L01Client) -> None:
    agent, tool = await l01.create_agent("a"), await l01.register_tool("t", {})
    run = await taken(l01, agent_id=agent["id"])
    fields = {
        "tool_id": tool["id"],
        "agent_id": agent["id"],
        "run_id": run["id"],
        "step": 3,
        "token": run["token"],
        "input_params": {"to": "x"},
    }
    first = await l01.tool_executions.reserve("key", **fields)
    execution = first["execution"]
    assert first["fresh"] is True
    assert execution == await l01.tool_executions.get(execution["id"])
    assert (execution["status"], execution["effect_key"], execution["attempt"]) == ("running", "key", 1)
    assert execution["started_at"] is not None
    again = await l01.tool_executions.reserve("key", **fields)
    assert again == {"execution": execution, "fresh": False}
    done = await l01.tool_executions.record(execution["id"], "success", {"sent": True})
    assert (done["status"], done["output_result"]) == ("success", {"sent": True})
    assert done["completed_at"] is not None
    assert (await l01.tool_executions.reserve("key", **fields))["execution"] == done
    with pytest.raises(StateError):
        await l01.tool_executions.record(execution["id"], "error")
    assert (await l01.tool_executions.list(run_id=run["id"], effect_key="key"))["items"] == [done]
    with pytest.raises(InvalidError, match="token"):
        await l01.tool_executions.reserve("other", run_id=run["id"])
    await settled(l01)
    assert (await l01.check())["differences"] == []


async def test_of_many_who_reserve_one_effect_one_may_carry_it_out(l01_local: L01Client) -> None:
    answers = await asyncio.gather(*(l01_local.tool_executions.reserve("key") for _ in range(50)))
    assert sum(answer["fresh"] for answer in answers) == 1
    assert len({answer["execution"]["id"] for answer in answers}) == 1


async def test_nobody_saw_the_end_and_a_person_says_it(l01: L01Client) -> None:
    execution = (await l01.tool_executions.reserve("key"))["execution"]
    unknown = await l01.tool_executions.unknown(execution["id"])
    assert (unknown["status"], unknown["completed_at"]) == ("unknown", None)
    with pytest.raises(StateError):
        await l01.tool_executions.again(execution["id"])
    resolved = await l01.tool_executions.resolve(execution["id"], "success", [1])
    assert (resolved["status"], resolved["output_result"], resolved["error_message"]) == (
        "success",
        [1],
        None,
    )
    with pytest.raises(StateError):
        await l01.tool_executions.resolve(execution["id"], "error")


async def test_an_idempotent_effect_is_attempted_again_by_the_new_worker(
    l01: L01Client, data_layer: DataLayer
) -> None:
    run = await taken(l01)
    effect = await l01.tool_executions.reserve("key", run_id=run["id"], token=1, idempotent=True)
    await data_layer.database.write("UPDATE runs SET lease_until = now() - interval '1 second'")
    await l01.runs.claim("new", 1, 30)
    again = await l01.tool_executions.again(effect["execution"]["id"], 2)
    assert (again["status"], again["attempt"], again["token"]) == ("running", 2, 2)
    with pytest.raises(InvalidError, match="token"):
        await l01.tool_executions.again(effect["execution"]["id"])


async def test_an_approval_allows_one_execution_once(l01_local: L01Client) -> None:
    l01 = l01_local
    run = await taken(l01)
    held = {"run_id": run["id"], "token": run["token"]}
    question = await l01.approvals.create(run_id=run["id"], title="?")
    with pytest.raises(ConsumedError) as refused:
        await l01.tool_executions.reserve("k", approval_id=question["id"], **held)
    assert refused.value.members["current_status"] == "pending"
    await l01.approvals.decide(question["id"], "approved")
    answers = await asyncio.gather(
        *(l01.tool_executions.reserve(f"k{n}", approval_id=question["id"], **held) for n in range(10)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, ConsumedError) for answer in answers) == 9
    (won,) = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert won["fresh"] is True
    assert won["execution"]["approval_id"] == question["id"]
    consumed = await l01.approvals.get(question["id"])
    assert consumed["status"] == "consumed"
    assert consumed["consumed_at"] is not None
    key = won["execution"]["effect_key"]
    assert key is not None
    again = await l01.tool_executions.reserve(key, approval_id=question["id"], **held)
    assert again == {"execution": won["execution"], "fresh": False}
    assert (await l01.tool_executions.list(run_id=run["id"], total=True)).get("total") == 1
    with pytest.raises(NotFoundError):
        await l01.tool_executions.reserve("kx", approval_id=NOBODY, **held)
