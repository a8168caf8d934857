"""Asking a person first: exactly this call, once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.layer import ToolExecution
from agentic.layers.L03_tool_execution.ledger import effect_key
from tests.layers.L03.runs import a_run, an_agent, counting, taken_over

pytestmark = pytest.mark.anyio


async def test_a_call_waits_for_a_person_and_happens_once(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    counter = counting(layer, approval=True)
    agent = await an_agent(l01_local, "count")
    run = await a_run(l01_local, agent)
    call: dict[str, Any] = {"agent_id": agent, "run": run}
    waiting = await l03.execute("count", {"n": 1}, **call)
    assert waiting.status == "waiting_approval" and waiting.approval_id and not waiting.execution_id
    assert await l03.execute("count", {"n": 1}, **call) == waiting
    asked = await l01_local.approvals.get(waiting.approval_id)
    assert (asked["title"], asked["status"], asked["agent_id"]) == ("Use count?", "pending", agent)
    assert (asked["request"]["tool"], asked["request"]["arguments"]) == ("count", {"n": 1})
    assert asked["expires_at"] is not None
    assert counter.calls == []

    await l01_local.approvals.decide(waiting.approval_id, "approved", "Ada")
    call["run"] = await taken_over(l01_local, run)
    done = await asyncio.gather(*(l03.execute("count", {"n": 1}, **call) for _ in range(3)))
    again = await l03.execute("count", {"n": 1}, **call)
    assert {(each.status, each.output) for each in [*done, again]} == {("success", 1)}
    assert counter.calls == [1]
    assert (await l01_local.approvals.get(waiting.approval_id))["status"] == "consumed"
    execution = await l01_local.tool_executions.get(again.execution_id or "")
    assert execution["approval_id"] == waiting.approval_id
    other = await l03.execute("count", {"n": 2}, **call)
    assert other.status == "waiting_approval" and other.approval_id != waiting.approval_id


async def test_a_refusal_is_told_to_the_model_and_kept(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    counter = counting(layer, approval=True)
    agent = await an_agent(l01_local, "count")
    run = await a_run(l01_local, agent)
    waiting = await l03.execute("count", {}, agent_id=agent, run=run)
    await l01_local.approvals.decide(waiting.approval_id or "", "denied", "Ada", "not today")
    refused = [await l03.execute("count", {}, agent_id=agent, run=run) for _ in range(2)]
    assert refused[0].status == "permission_denied"
    assert refused[0].error == {"code": "E3020", "detail": "Ada refused this call. not today"}
    assert refused[1] == refused[0]
    assert (await l01_local.tool_executions.get(refused[0].execution_id or ""))[
        "status"
    ] == "permission_denied"
    assert counter.calls == []


async def test_an_approval_that_was_used_by_a_crashed_call_is_not_used_again(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    counter = counting(layer, approval=True)
    agent = await an_agent(l01_local, "count")
    run = await a_run(l01_local, agent)
    waiting = await l03.execute("count", {}, agent_id=agent, run=run)
    await l01_local.approvals.decide(waiting.approval_id or "", "approved")
    await l01_local.tool_executions.reserve(
        effect_key("count", {}, run, None) or "",
        run_id=run.run_id,
        token=run.token,
        input_params={},
        approval_id=waiting.approval_id,
    )
    unknown = await l03.execute("count", {}, agent_id=agent, run=run)
    assert unknown.status == "unknown" and unknown.approval_id not in (None, waiting.approval_id)
    assert counter.calls == []


@pytest.mark.parametrize(
    ("entry", "asked"),
    [
        ({"name": "count", "approval": True}, [True, True]),
        (
            {"name": "count", "approval_when": [{"properties": {"n": {"minimum": 100}}, "required": ["n"]}]},
            [False, True],
        ),
        ({"name": "count", "approval": False}, [False, False]),
    ],
)
async def test_an_agent_may_be_told_to_ask(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client, entry: Any, asked: list[bool]
) -> None:
    counting(layer)
    agent = await an_agent(l01_local, entry)
    run = await a_run(l01_local, agent)
    outcomes = [await l03.execute("count", {"n": n}, agent_id=agent, run=run) for n in (1, 100)]
    assert [outcome.status == "waiting_approval" for outcome in outcomes] == asked


async def test_an_agent_cannot_take_back_that_a_tool_asks(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    counter = counting(layer, approval=True)
    agent = await an_agent(
        l01_local, {"name": "count", "approval": False, "idempotent": True, "agents": ["x"]}
    )
    outcome = await l03.execute("count", {}, agent_id=agent, run=await a_run(l01_local, agent))
    assert (outcome.status, counter.calls) == ("waiting_approval", [])


async def test_without_a_run_the_approval_is_named_and_is_for_this_call_only(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    counter = counting(layer, approval=True)
    counting(layer, "other", approval=True)
    waiting = await l03.execute("count", {"n": 1})
    approval = waiting.approval_id
    assert (await l03.execute("count", {"n": 1}, approval_id=approval)) == waiting
    await l01_local.approvals.decide(approval or "", "approved")
    wrong = [
        await l03.execute("count", {"n": 2}, approval_id=approval),
        await l03.execute("other", {"n": 1}, approval_id=approval),
        await l03.execute(
            "count", {"n": 1}, approval_id=approval, agent_id=await an_agent(l01_local, "count")
        ),
    ]
    assert {each.error and each.error["code"] for each in wrong} == {"E3023"}
    assert (await l03.execute("count", {"n": 1}, approval_id=approval)).output == 1
    used = await l03.execute("count", {"n": 1}, approval_id=approval)
    assert (used.status, used.error and used.error["code"]) == ("permission_denied", "E3020")
    assert counter.calls == [1]


@pytest.mark.parametrize(("decision", "answer"), [("approved", "yes"), ("denied", "no")])
async def test_a_person_is_asked_and_the_answer_is_the_result(
    l03: L03Client, l01_local: L01Client, decision: Any, answer: str
) -> None:
    agent = await an_agent(l01_local, "ask_person")
    run = await a_run(l01_local, agent)
    question = {"question": "Red or blue?"}
    waiting = await l03.execute("ask_person", question, agent_id=agent, run=run)
    assert waiting.status == "waiting_approval"
    assert (await l01_local.approvals.get(waiting.approval_id or ""))["title"] == "Red or blue?"
    await l01_local.approvals.decide(waiting.approval_id or "", decision, "Ada", "the red one")
    for _ in range(2):
        told = await l03.execute("ask_person", question, agent_id=agent, run=run)
        assert (told.status, told.output) == (
            "success",
            {"answer": answer, "remark": "the red one", "by": "Ada"},
        )
