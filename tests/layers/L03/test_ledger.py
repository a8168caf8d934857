"""The effect ledger: what happens to a call when its process does not live to record it, and who is asked then."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agentic.layers.base.common_errors import DatabaseUnavailableError, StateError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L03_tool_execution import left_behind
from agentic.layers.L03_tool_execution.approvals import Approvals
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.layer import ToolExecution
from agentic.layers.L03_tool_execution.ledger import effect_key
from agentic.layers.L03_tool_execution.left_behind import LeftBehind
from agentic.layers.L03_tool_execution.tool import Rules
from tests.layers.L03.conftest import tool_layer
from tests.layers.L03.runs import a_run, an_agent, counting, taken_over
from tests.layers.L03.servers import Judge, judging

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
AMOUNT = {"amount": 5}


def test_the_key_is_the_call_however_it_is_written() -> None:
    run = RunRef("r", 1, 2)
    key = effect_key("t", {"a": 1, "b": {"c": [1, 2], "d": None}}, run, None)
    assert key is not None and key.startswith("r:2:")
    assert effect_key("t", {"b": {"d": None, "c": [1, 2]}, "a": 1}, run._replace(token=7), "call") == key
    others = [
        effect_key("u", {"a": 1}, run, None),
        effect_key("t", {"a": 2}, run, None),
        effect_key("t", {"a": "1"}, run, None),
        effect_key("t", {"a": 1}, run._replace(step=3), None),
        effect_key("t", {"a": 1}, None, "one"),
        effect_key("t", {"a": 1}, None, "two"),
    ]
    assert len({key, *others}) == 7
    assert effect_key("t", {}, None, None) is None


async def killed(l01: L01Client, judge: Judge, agent: str, run: RunRef, *, idempotent: bool) -> RunRef:
    """The run, taken over from a process that died after the side effect."""
    arguments = [l01.base_url, judge.url, agent, run.run_id, str(run.token), str(idempotent)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.layers.L03.dies", *arguments),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    assert await process.wait() == -9
    assert [each["body"] for each in judge.asked] == [AMOUNT]
    return await taken_over(l01, run)


def transfer_to(layer: ToolExecution, judge: Judge, **rules: Any) -> None:
    async def transfer(amount: int) -> str:
        """Moves money."""
        async with httpx2.AsyncClient() as client:
            await client.post(f"{judge.url}/transfer", json={"amount": amount})
        return "done"

    layer.registry.add(transfer, rules=Rules(**rules))


async def test_after_a_kill_an_idempotent_tool_runs_again(
    l03: L03Client, layer: ToolExecution, l01_http: L01Client
) -> None:
    async with judging() as judge:
        agent = await an_agent(l01_http, "transfer")
        run = await killed(l01_http, judge, agent, await a_run(l01_http, agent), idempotent=True)
        transfer_to(layer, judge, idempotent=True)
        outcome = await l03.execute("transfer", AMOUNT, agent_id=agent, run=run)
        assert (outcome.status, outcome.output, len(judge.asked)) == ("success", "done", 2)
        execution = await l01_http.tool_executions.get(outcome.execution_id or "")
        assert (execution["status"], execution["attempt"], execution["token"]) == ("success", 2, run.token)


async def test_after_a_kill_any_other_is_unknown_until_a_person_says_how_it_ended(
    l03: L03Client, layer: ToolExecution, l01_http: L01Client
) -> None:
    async with judging() as judge:
        agent = await an_agent(l01_http, "transfer")
        run = await killed(l01_http, judge, agent, await a_run(l01_http, agent), idempotent=False)
        transfer_to(layer, judge)
        outcome = await l03.execute("transfer", AMOUNT, agent_id=agent, run=run)
        assert (outcome.status, outcome.error and outcome.error["code"]) == ("unknown", "E3021")
        assert outcome.execution_id and outcome.approval_id
        assert await l03.execute("transfer", AMOUNT, agent_id=agent, run=run) == outcome
        asked = await l01_http.approvals.get(outcome.approval_id)
        assert (asked["status"], asked["execution_id"], asked["run_id"]) == (
            "pending",
            outcome.execution_id,
            run.run_id,
        )
        assert asked["request"]["arguments"] == AMOUNT
        assert (await l01_http.tool_executions.get(outcome.execution_id))["status"] == "unknown"

        await l03.resolve(outcome.execution_id, "success", output="receipt 7", by="Ada")
        told = await l03.execute("transfer", AMOUNT, agent_id=agent, run=run)
        assert (told.status, told.output, told.execution_id) == ("success", "receipt 7", outcome.execution_id)
        assert (await l01_http.approvals.get(outcome.approval_id))["status"] == "approved"
        assert len(judge.asked) == 1


async def test_a_person_may_have_it_done_again_once(
    l03: L03Client, layer: ToolExecution, l01_http: L01Client
) -> None:
    async with judging() as judge:
        agent = await an_agent(l01_http, "transfer")
        run = await killed(l01_http, judge, agent, await a_run(l01_http, agent), idempotent=False)
        transfer_to(layer, judge)
        unknown = await l03.execute("transfer", AMOUNT, agent_id=agent, run=run)
        await l03.resolve(unknown.execution_id or "", "again", by="Ada")
        outcomes = [await l03.execute("transfer", AMOUNT, agent_id=agent, run=run) for _ in range(3)]
        assert {(each.status, each.output) for each in outcomes} == {("success", "done")}
        assert len(judge.asked) == 2
        assert (await l01_http.approvals.get(unknown.approval_id or ""))["status"] == "consumed"
        first = await l01_http.tool_executions.get(unknown.execution_id or "")
        assert (first["status"], first["output_result"]) == (
            "error",
            {"done_again_as": outcomes[0].execution_id},
        )


async def test_a_person_may_forbid_it(l03: L03Client, layer: ToolExecution, l01_http: L01Client) -> None:
    async with judging() as judge:
        agent = await an_agent(l01_http, "transfer")
        run = await killed(l01_http, judge, agent, await a_run(l01_http, agent), idempotent=False)
        transfer_to(layer, judge)
        unknown = await l03.execute("transfer", AMOUNT, agent_id=agent, run=run)
        await l01_http.approvals.decide(unknown.approval_id or "", "denied", "Ada", "too late now")
        outcomes = [await l03.execute("transfer", AMOUNT, agent_id=agent, run=run) for _ in range(2)]
        assert outcomes[0] == outcomes[1]
        assert outcomes[0].status == "error" and outcomes[0].error is not None
        assert outcomes[0].error["detail"] == (
            "It is not known whether transfer was carried out. Ada refused this call. too late now"
        )
        assert len(judge.asked) == 1


async def test_a_crash_in_the_second_attempt_asks_again(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    """What a dead process leaves is an execution that is `running`, so that is what is put there."""
    counter = counting(layer)
    agent = await an_agent(l01_local, "count")
    run = await a_run(l01_local, agent)

    async def left(key: str, **fields: Any) -> str:
        reserved = await l01_local.tool_executions.reserve(
            key, agent_id=agent, run_id=run.run_id, token=run.token, step=1, input_params={}, **fields
        )
        return reserved["execution"]["id"]

    key = effect_key("count", {}, run, None) or ""
    first = await left(key)
    unknown = await l03.execute("count", {}, agent_id=agent, run=run)
    assert (unknown.status, unknown.execution_id) == ("unknown", first)
    await l01_local.approvals.decide(unknown.approval_id or "", "approved")
    second = await left(f"{key}:{unknown.approval_id}", approval_id=unknown.approval_id)
    again = await l03.execute("count", {}, agent_id=agent, run=run)
    assert (again.status, again.execution_id) == ("unknown", second)
    assert again.approval_id not in (None, unknown.approval_id)
    await l01_local.approvals.decide(again.approval_id or "", "approved")
    assert (await l03.execute("count", {}, agent_id=agent, run=run)).output == 1
    assert (await l03.execute("count", {}, agent_id=agent, run=run)).output == 1
    assert counter.calls == [0]


async def test_what_a_person_says_in_the_moment_of_asking_is_heard(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was done, they say, which answers the question too: between the look at the ledger and that at the question."""
    counter = counting(layer)
    agent = await an_agent(l01_local, "count")
    run = await a_run(l01_local, agent)
    reserved = await l01_local.tool_executions.reserve(
        effect_key("count", {}, run, None) or "",
        agent_id=agent,
        run_id=run.run_id,
        token=run.token,
        step=1,
        input_params={},
    )
    after = Approvals.after

    async def while_it_is_asked(self: Approvals, *about: Any) -> Any:
        approval = await after(self, *about)
        await l01_local.tool_executions.resolve(reserved["execution"]["id"], "success", "done")
        answered = await l01_local.approvals.get(approval["id"])
        assert answered["status"] == "approved"
        return answered

    monkeypatch.setattr(Approvals, "after", while_it_is_asked)
    outcome = await l03.execute("count", {}, agent_id=agent, run=run)
    assert (outcome.status, outcome.output, counter.calls) == ("success", "done", [])


async def test_two_who_carry_a_run_at_once_ask_one_question(l01_local: L01Client) -> None:
    """One of them was stopped for long. Two questions, both answered with yes, would be two effects."""
    agent = await an_agent(l01_local)
    run = await a_run(l01_local, agent)
    reserved = await l01_local.tool_executions.reserve(
        "k", run_id=run.run_id, token=run.token, agent_id=agent, input_params={}
    )
    approvals = Approvals(lambda: l01_local, 7)
    execution = reserved["execution"]
    asked = await asyncio.gather(*(approvals.after(execution, "count", run) for _ in range(5)))
    assert len({each["id"] for each in asked}) == 1
    assert len((await l01_local.approvals.list(run_id=run.run_id))["items"]) == 1


async def test_without_a_run_nobody_is_asked_but_it_can_be_said(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    counter = counting(layer)
    reserved = await l01_local.tool_executions.reserve(
        effect_key("count", {}, None, "mine") or "", input_params={}
    )
    unknown = await l03.execute("count", {}, call_id="mine")
    assert (unknown.status, unknown.execution_id, unknown.approval_id) == (
        "unknown",
        reserved["execution"]["id"],
        None,
    )
    await l03.resolve(unknown.execution_id or "", "error", error="it was not")
    told = await l03.execute("count", {}, call_id="mine")
    assert (told.status, told.error) == ("error", {"code": "E3008", "detail": "it was not"})
    with pytest.raises(StateError):
        await l03.resolve(unknown.execution_id or "", "success")
    assert counter.calls == []


async def test_an_outage_while_a_tool_runs_loses_nothing(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = counting(layer)
    failures = [DatabaseUnavailableError(), DatabaseUnavailableError()]
    record = l01_local.tool_executions.record

    async def unavailable(*args: Any, **fields: Any) -> Any:
        if failures:
            raise failures.pop()
        return await record(*args, **fields)

    monkeypatch.setattr(l01_local.tool_executions, "record", unavailable)
    outcome = await l03.execute("count", {})
    assert (outcome.status, counter.calls, failures) == ("success", [0], [])
    assert (await l01_local.tool_executions.get(outcome.execution_id or ""))["status"] == "success"


@pytest.mark.parametrize("why", ["the layer stops", "the worker lets go", "the run is cancelled"])
async def test_a_call_is_cancelled_only_with_its_run(l01_local: L01Client, tmp_path: Path, why: str) -> None:
    """When the platform stops, nobody cancelled it: the run that made it is taken up again, and finds it."""
    begun = asyncio.Event()

    async def long() -> None:
        """Takes long."""
        begun.set()
        await asyncio.sleep(100)

    agent = await an_agent(l01_local, "long")
    run = await a_run(l01_local, agent)
    async with tool_layer(l01_local, tmp_path) as layer:
        layer.registry.add(long)
        task = asyncio.ensure_future(layer.local_client().execute("long", {}, agent_id=agent, run=run))
        await begun.wait()
        if why == "the run is cancelled":
            await l01_local.runs.cancel(run.run_id)
        if why != "the layer stops":
            task.cancel()
            await asyncio.wait([task])
    with pytest.raises(asyncio.CancelledError):
        await task
    (execution,) = (await l01_local.tool_executions.list())["items"]
    assert execution["status"] == ("cancelled" if why == "the run is cancelled" else "running")


async def test_what_a_dead_run_left_behind_becomes_unknown(
    l01_local: L01Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    agent = await an_agent(l01_local)
    over, going = await a_run(l01_local, agent), await a_run(l01_local, agent)

    async def left(key: str, run: RunRef | None = None) -> str:
        fields = {} if run is None else {"run_id": run.run_id, "token": run.token}
        return (await l01_local.tool_executions.reserve(key, **fields))["execution"]["id"]

    of_over, of_going, of_none = await left("one", over), await left("two", going), await left("three")
    elsewhere = await l01_local.tool_executions.create(status="running")
    await l01_local.runs.move(over.run_id, over.token, "failed", error={"code": "E2000", "detail": "x"})
    looking = LeftBehind(lambda: l01_local)
    assert await looking.look() == 0
    monkeypatch.setattr(left_behind, "SETTLED", timedelta(seconds=-5))
    assert await looking.look() == 1
    monkeypatch.setattr(left_behind, "LONGEST", timedelta(seconds=-5))
    assert await looking.look() == 1
    wanted = {of_over: "unknown", of_going: "running", of_none: "unknown", elsewhere["id"]: "running"}
    assert {each: (await l01_local.tool_executions.get(each))["status"] for each in wanted} == wanted
