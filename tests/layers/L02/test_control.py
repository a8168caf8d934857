"""What is done with runs from outside."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from agentic.layers.base.common_errors import StateError
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.errors import NotWaitingError
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from agentic.layers.L03_tool_execution.models import Outcome
from tests.kit.http import served
from tests.layers.L02.conftest import EAGER, PATIENCE, Models, Tools, calls, eventually

pytestmark = pytest.mark.anyio


class Held:
    """An answer of a model that is given when a test says so."""

    def __init__(self, models: Models, then: Any = "done", first: Any = None) -> None:
        self.asked = asyncio.Event()
        self.go = asyncio.Event()
        self.cut = asyncio.Event()
        self._answers = [first if first is not None else calls(("look", {})), then]
        models.says = self._say

    async def _say(self, request: Any) -> Any:
        self.asked.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cut.set()
            raise
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    async def wait(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.asked.wait()


async def test_a_paused_run_keeps_the_answer_that_was_paid_for(
    l02: L02Client, models: Models, tools: Tools
) -> None:
    tools.functions["look"] = lambda: "seen"
    held = Held(models)
    agent = await l02.spawn("x", {"tools": ["look"]})
    run = await l02.run(agent["id"], "x")
    await held.wait()
    assert (await l02.pause(run["id"]))["status"] == "suspended"
    held.go.set()

    async def kept() -> bool:
        return len(await l02.steps(run["id"])) == 1

    await eventually(kept)
    await asyncio.sleep(0.3)
    assert tools.calls == []
    assert (await l02.get(run["id"]))["status"] == "suspended"
    await l02.resume_run(run["id"])
    run = await l02.wait(run["id"], PATIENCE)
    assert (run["status"], run["output"], len(models.requests)) == ("completed", "done", 2)


async def test_a_run_that_is_resumed_in_the_middle_of_a_call_keeps_its_answer(
    l02: L02Client, l01_local: L01Client, models: Models, tools: Tools
) -> None:
    tools.functions["look"] = lambda: "seen"
    held = Held(models)
    agent = await l02.spawn("x", {"tools": ["look"]})
    run = await l02.run(agent["id"], "x")
    await held.wait()
    for token in (2, 3):
        await l02.pause(run["id"])
        await l02.resume_run(run["id"])

        async def taken(token: int = token) -> bool:
            return (await l01_local.runs.get(run["id"]))["token"] == token

        await eventually(taken)
    held.go.set()
    run = await l02.wait(run["id"], PATIENCE)
    assert (run["status"], run["output"], len(models.requests)) == ("completed", "done", 2)
    assert not held.cut.is_set()
    used = (await l01_local.model_usage.list(run_id=run["id"]))["items"]
    assert {call["status"] for call in used} == {"completed"}
    assert tools.calls[0][2].token == 3


async def test_a_run_that_is_resumed_in_the_middle_of_a_call_is_left_to_who_is_at_it(
    l02: L02Client, l01_local: L01Client, models: Models, tools: Tools
) -> None:
    """Another process has nothing to do: it would ask, and pay, again. Once the call is over it may have the run."""
    tools.functions["look"] = lambda: "seen"
    held = Held(models)
    agent = await l02.spawn("x", {"tools": ["look"]})
    run = await l02.run(agent["id"], "x")
    await held.wait()
    await l02.pause(run["id"])
    await asyncio.sleep(EAGER.lease * 1.2)  # who is at it says so, paused or not
    await l01_local.runs.resume(run["id"])
    assert await l01_local.runs.claim("another", 10, 60) == []
    held.go.set()
    run = await l02.wait(run["id"], PATIENCE)
    assert (run["status"], run["output"], len(models.requests)) == ("completed", "done", 2)


async def test_a_paused_run_that_nobody_is_at_is_taken_by_anybody(
    l02: L02Client, l01_local: L01Client, models: Models, tools: Tools, runtime: AgentRuntime
) -> None:
    tools.functions["look"] = lambda: "seen"
    held = Held(models)
    agent = await l02.spawn("x", {"tools": ["look"]})
    run = await l02.run(agent["id"], "x")
    await held.wait()
    await l02.pause(run["id"])
    held.go.set()
    await eventually(lambda: runtime.worker.carried == 0)
    runtime.worker.stop()
    await asyncio.sleep(0.3)
    await l01_local.runs.resume(run["id"])
    (taken,) = await l01_local.runs.claim("another", 10, 60)
    assert (taken["id"], taken["token"]) == (run["id"], 2)


async def test_a_run_that_its_suspended_agent_keeps_from_going_on_is_anybodys(
    l02: L02Client, l01_local: L01Client, runtime: AgentRuntime
) -> None:
    agent = await l02.spawn("x", {})
    runtime.worker.stop()
    await asyncio.sleep(0.3)
    run = await l01_local.runs.create(agent_id=agent["id"], input="x")
    await l01_local.agents.update(agent["id"], {"status": "suspended"})
    (claimed,) = await l01_local.runs.claim(runtime.worker.name, 10, 60)
    runtime.worker._hold([claimed])  # pyright: ignore[reportPrivateUsage]
    await eventually(lambda: runtime.worker.carried == 0)
    assert (await l01_local.runs.get(run["id"]))["status"] == "suspended"
    await l01_local.runs.resume(run["id"])
    assert [each["id"] for each in await l01_local.runs.claim("another", 10, 60)] == [run["id"]]


async def test_a_run_that_is_resumed_as_it_lets_go_is_carried_on(
    l02: L02Client, l01_local: L01Client, models: Models, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = l01_local.runs.step

    async def step_between_pause_and_resume(run_id: Any, token: int, **fields: Any) -> Any:
        if token > 1:
            return await step(run_id, token, **fields)
        await l02.pause(run_id)
        taken = await step(run_id, token, **fields)
        await l02.resume_run(run_id)

        async def taken_again() -> bool:
            return (await l01_local.runs.get(run_id))["token"] == 2

        await eventually(taken_again)
        return taken

    monkeypatch.setattr(l01_local.runs, "step", step_between_pause_and_resume)
    tools.functions["look"] = lambda: "seen"
    models.script(calls(("look", {})), "done")
    agent = await l02.spawn("x", {"tools": ["look"]})
    run = await l02.run(agent["id"], "x", wait=PATIENCE)
    assert (run["status"], run["output"], run["token"], len(models.requests)) == ("completed", "done", 2, 2)


async def test_a_cancelled_run_is_cut_off_in_the_middle_of_a_call(
    l02: L02Client, l01_local: L01Client, models: Models, runtime: AgentRuntime
) -> None:
    held = Held(models)
    agent = await l02.spawn("x", {})
    run = await l02.run(agent["id"], "x")
    await held.wait()
    assert (await l02.cancel(run["id"], "enough"))["status"] == "cancelled"
    async with asyncio.timeout(PATIENCE):
        await held.cut.wait()
    await eventually(lambda: runtime.worker.carried == 0)

    async def cut() -> bool:
        rows = (await l01_local.usage.list(run_id=run["id"]))["items"]
        return [(row["status"], row["estimated"]) for row in rows] == [("cut", True)]

    await eventually(cut)
    with pytest.raises(StateError):
        await l02.steer(run["id"], "too late")


async def test_what_is_said_into_a_run_is_read_before_the_next_answer(l02: L02Client, models: Models) -> None:
    held = Held(models, then="blue it is", first="red")
    agent = await l02.spawn("x", {})
    run = await l02.run(agent["id"], "which colour?")
    await held.wait()
    assert (await l02.steer(run["id"], "rather blue"))["kind"] == "message"
    held.go.set()
    run = await l02.wait(run["id"], PATIENCE)
    assert (run["status"], run["output"]) == ("completed", "blue it is")
    assert [message["content"] for message in models.requests[1]["messages"]] == [
        "which colour?",
        "red",
        "rather blue",
    ]


async def test_what_is_said_in_the_moment_before_the_end_is_answered_too(
    l02: L02Client, l01_local: L01Client, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    move, said = l01_local.runs.move, False

    async def move_late(run_id: Any, token: int, status: str, **fields: Any) -> Any:
        nonlocal said
        if status == "completed" and not said:
            said = True
            await l02.steer(run_id, "rather blue")
        return await move(run_id, token, status, **fields)

    monkeypatch.setattr(l01_local.runs, "move", move_late)
    models.script("red", "blue it is")
    agent = await l02.spawn("x", {})
    run = await l02.run(agent["id"], "which colour?", wait=PATIENCE)
    assert (run["status"], run["output"]) == ("completed", "blue it is")
    assert models.requests[1]["messages"][-1]["content"] == "rather blue"
    assert [step["kind"] for step in await l02.steps(run["id"])] == ["model", "message", "model"]


async def test_a_run_waits_for_a_person_without_being_carried(
    l02: L02Client, l01_local: L01Client, runtime: AgentRuntime, models: Models, tools: Tools
) -> None:
    async def pay(amount: int) -> Any:
        run_id = tools.calls[-1][2].run_id
        page = (await l01_local.approvals.list(run_id=run_id))["items"]
        if not page:
            approval = await l01_local.approvals.create(
                run_id=run_id, title="Pay?", request={"amount": amount}
            )
            return Outcome("waiting_approval", approval_id=approval["id"])
        approval = page[0]
        if approval["status"] == "pending":
            return Outcome("waiting_approval", approval_id=approval["id"])
        return f"{approval['status']}: {amount}"

    tools.functions["pay"] = pay
    models.script(calls(("pay", {"amount": 5})), "paid")
    agent = await l02.spawn("x", {"tools": ["pay"]})
    run = await l02.run(agent["id"], "x", wait=PATIENCE)
    assert run["status"] == "waiting_approval"
    await eventually(lambda: runtime.worker.carried == 0)
    with pytest.raises(NotWaitingError):
        await l02.approve(run["id"], approval_id=agent["id"])
    approval = await l02.approve(run["id"], by="ada", reason="fine")
    assert (approval["status"], approval["decided_by"]) == ("approved", "ada")
    assert (await l02.wait(run["id"], PATIENCE))["status"] == "completed"
    assert len(models.requests) == 2
    assert models.requests[1]["messages"][-1]["content"] == "approved: 5"


async def test_a_word_on_an_execution_alone_lets_its_run_go_on(
    l02: L02Client, l01_local: L01Client, models: Models, tools: Tools
) -> None:
    async def send() -> Any:
        run = tools.calls[-1][2]
        key = f"{run.run_id} send"
        reserved = await l01_local.tool_executions.reserve(
            key, run_id=run.run_id, step=run.step, token=run.token, input_params={}
        )
        execution = reserved["execution"]
        if execution["status"] == "success":
            return execution["output_result"]
        await l01_local.tool_executions.unknown(execution["id"])
        approval = await l01_local.approvals.create(
            run_id=run.run_id, execution_id=execution["id"], title="Was it sent?"
        )
        return Outcome("waiting_approval", approval_id=approval["id"])

    tools.functions["send"] = send
    models.script(calls(("send", {})), "sent")
    agent = await l02.spawn("x", {"tools": ["send"]})
    run = await l02.run(agent["id"], "x", wait=PATIENCE)
    assert run["status"] == "waiting_approval"
    (asked,) = (await l01_local.approvals.list(run_id=run["id"]))["items"]
    await l01_local.tool_executions.resolve(asked["execution_id"], "success", "receipt 7", by="ada")
    assert (await l02.wait(run["id"], PATIENCE))["output"] == "sent"
    assert models.requests[1]["messages"][-1]["content"] == "receipt 7"
    answered = await l01_local.approvals.get(asked["id"])
    assert (answered["status"], answered["decided_by"]) == ("approved", "ada")


async def test_a_fork_begins_after_a_step_with_changes_and_is_compared(
    l02: L02Client, models: Models, tools: Tools
) -> None:
    tools.functions["look"] = lambda: "rain"
    models.says = lambda request: (
        f"{request['model']}: {request['messages'][-1]['content']}"
        if request["messages"][-1]["role"] == "tool"
        else calls(("look", {}))
    )
    agent = await l02.spawn("x", {"model": "small", "tools": ["look"]})
    first = await l02.run(agent["id"], "weather?", wait=PATIENCE)
    assert first["output"] == "small: rain"
    changes = {"model": "large", "tool_result": {"number": 2, "output": "sun"}}
    fork = await l02.fork(first["id"], 2, changes)
    fork = await l02.wait(fork["id"], PATIENCE)
    assert fork["output"] == "large: sun"
    assert (fork["forked_from"], fork["fork_step"]) == (first["id"], 2)
    assert len(tools.calls) == 1
    compared = await l02.compare(first["id"], fork["id"])
    assert compared["common"] == 1
    assert [pair["differs"] for pair in compared["steps"]] == [[], ["output"], ["name", "input", "output"]]
    assert (compared["a"]["cost"], compared["b"]["cost"]) == (0.002, 0.001)
    assert compared["b"]["model"] == "large"


async def test_retry_goes_on_where_it_failed(l02: L02Client, models: Models, tools: Tools) -> None:
    from agentic.layers.base.common_errors import InvalidError

    tools.functions["look"] = lambda: "seen"
    models.script(calls(("look", {})), InvalidError("no"))
    agent = await l02.spawn("x", {"tools": ["look"]})
    failed = await l02.run(agent["id"], "x", wait=PATIENCE)
    assert failed["status"] == "failed"
    models.script("now")
    again = await l02.retry(failed["id"])
    again = await l02.wait(again["id"], PATIENCE)
    assert (again["status"], again["output"]) == ("completed", "now")
    assert len(tools.calls) == 1
    with pytest.raises(StateError):
        await l02.retry(again["id"])


async def test_runs_of_a_suspended_agent_pause_and_go_on(
    l02: L02Client, models: Models, tools: Tools
) -> None:
    tools.functions["look"] = lambda: "seen"
    held = Held(models)
    agent = await l02.spawn("x", {"tools": ["look"]})
    run = await l02.run(agent["id"], "x")
    await held.wait()
    await l02.suspend(agent["id"])
    assert (await l02.get(run["id"]))["status"] == "suspended"
    held.go.set()
    await l02.resume(agent["id"])
    assert (await l02.wait(run["id"], PATIENCE))["status"] == "completed"
    held = Held(models)
    second = await l02.run(agent["id"], "x")
    await held.wait()
    await l02.terminate(agent["id"])
    assert (await l02.get(second["id"]))["status"] == "cancelled"


async def test_what_a_person_paused_stays_so_when_the_agent_goes_on(
    l02: L02Client, l01_local: L01Client, models: Models, runtime: AgentRuntime
) -> None:
    agent = await l02.spawn("x", {})
    later = "2100-01-01T00:00:00Z"
    mine, its, after = [await l02.run(agent["id"], "x", due_at=later) for _ in range(3)]
    await l02.pause(mine["id"])
    await l02.suspend(agent["id"])
    await l02.pause(after["id"])
    await l02.resume_run(its["id"])

    async def paused_again() -> bool:
        run = await l01_local.runs.get(its["id"])
        return (run["status"], run["due_at"], run["token"]) == ("suspended", None, 1)

    await eventually(paused_again)
    await l02.resume(agent["id"])
    assert (await l02.wait(its["id"], PATIENCE))["status"] == "completed"
    for run in (mine, after):
        there = await l01_local.runs.get(run["id"])
        assert (there["status"], there["due_at"]) == ("suspended", None)
    assert len(models.requests) == 1


async def test_over_http_it_is_the_same(context: Context, models: Models, tools: Tools) -> None:
    tools.functions["look"] = lambda: "seen"
    models.script(calls(("look", {})), "all of it")
    layer = AgentRuntime(context, EAGER)
    async with layer.running(), served(layer.app()) as url, L02Client(url) as l02:
        agent = await l02.spawn("x", {"tools": ["look"]})
        run = await l02.run(agent["id"], "x", idempotency_key="one")
        assert (await l02.run(agent["id"], "x", idempotency_key="one"))["id"] == run["id"]
        async with asyncio.timeout(PATIENCE):
            events = [event async for event in l02.stream(run["id"])]
        assert [event.number for event in events if event.event == "step"] == [1, 2, 3]
        assert events[-1].data["output"] == "all of it"
        assert (await l02.wait(run["id"], PATIENCE))["status"] == "completed"
        with pytest.raises(NotWaitingError):
            await l02.approve(run["id"])
        async with httpx2.AsyncClient(base_url=url, trust_env=False) as http:
            models.script("at once")
            begun = await http.post(f"/agents/{agent['id']}/runs/stream", content=b'{"input": "y"}')
            assert begun.headers["content-type"].startswith("text/event-stream")
            assert (await l02.get(begun.headers["x-run-id"]))["output"] == "at once"
            assert [line for line in begun.text.splitlines() if line.startswith("id: ")] == ["id: 1"]
            paths = (await http.get("/openapi.json")).json()["paths"]
            assert {"/agents", "/agents/{agent_id}/runs/stream", "/runs/{id}/fork", "/runs/compare"} <= set(
                paths
            )
            assert (await http.get(f"/runs/{agent['id']}/stream")).json()["code"] == "E1002"


async def test_a_call_that_was_cut_counts_against_the_limit(context: Context, models: Models) -> None:
    held = Held(models)
    first = AgentRuntime(context, EAGER)
    async with first.running():
        l02 = first.local_client()
        agent = await l02.spawn("x", {"limits": {"cost": 0.01}})
        run = await l02.run(agent["id"], "x")
        await held.wait()
    assert held.cut.is_set()
    held.go.set()
    second = AgentRuntime(context, EAGER)
    async with second.running():
        run = await second.local_client().wait(run["id"], PATIENCE)
    assert run["status"] == "failed" and run["error"] is not None
    assert "may use 0.01 cost and has used 0.01" in run["error"]["detail"]
    assert (len(models.requests), run["cost"]) == (1, 0.01)
