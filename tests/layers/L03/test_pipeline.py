"""Calls of tools from name to record, over a real data layer: each check of the pipeline, and what it says to the model."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from agentic.layers.base.common_errors import FencedError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.errors import ToolFailedError, ToolRefusedError, UnreachableToolError
from agentic.layers.L03_tool_execution.layer import ToolExecution
from agentic.layers.L03_tool_execution.tool import Rules
from tests.layers.L03.conftest import eventually, tool_layer
from tests.layers.L03.runs import a_run, an_agent, counting, taken_over

pytestmark = pytest.mark.anyio


async def test_a_function_is_called_and_recorded(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    counting(layer)
    agent = await an_agent(l01_local, "count")
    outcome = await l03.execute("count", {"n": 3}, agent_id=agent)
    assert (outcome.status, outcome.output, outcome.error) == ("success", 1, None)
    execution = await l01_local.tool_executions.get(outcome.execution_id or "")
    tool = await l01_local.tools.get(execution["tool_id"] or "")
    assert (tool["name"], tool["tool_type"], execution["status"]) == ("count", "function", "success")
    assert (execution["input_params"], execution["output_result"], execution["agent_id"]) == (
        {"n": 3},
        1,
        agent,
    )
    assert execution["started_at"] and execution["completed_at"]
    kinds = [event["event_type"] for event in await l01_local.query_events(aggregate_id=execution["id"])]
    assert kinds[0] == "tool_execution.success"


async def test_built_in_tools_are_records_that_can_be_switched_off(
    l03: L03Client, l01_local: L01Client
) -> None:
    async def names() -> set[str]:
        return {tool["name"] for tool in await l01_local.list_tools()}

    async with asyncio.timeout(20):
        while len(await names()) < 10:
            await asyncio.sleep(0.01)
    assert await names() == {
        *("fetch_url", "search_documents", "read_document", "read_file", "write_file", "list_files"),
        *("calculator", "run_python", "wait", "ask_person"),
    }
    (tool,) = (await l01_local.tools.list(name="calculator"))["items"]
    assert (await l03.execute("calculator", {"expression": "6*7"})).output == 42
    await l01_local.tools.update(tool["id"], {"enabled": False})
    async with asyncio.timeout(20):
        while (outcome := await l03.execute("calculator", {"expression": "6*7"})).status == "success":
            await asyncio.sleep(0.01)
    assert (outcome.status, outcome.error and outcome.error["code"]) == ("permission_denied", "E3002")
    assert "calculator" not in {tool["name"] for tool in await l03.catalogue()}


async def test_a_model_is_told_of_the_tools_of_its_agent(l03: L03Client) -> None:
    told = await l03.catalogue(
        {"tools": ["calculator", {"name": "wait", "approval": True}, "read_*", "unknown"]}
    )
    assert [tool["name"] for tool in told] == ["calculator", "read_document", "read_file", "wait"]
    assert set(told[0]) == {"name", "description", "parameters"}
    assert await l03.catalogue({}) == []
    assert len(await l03.catalogue({"tools": ["*"]})) == 10


async def test_an_unknown_tool_and_wrong_arguments_are_told_precisely(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    counter = counting(layer)
    outcome = await l03.execute("cuont", {})
    assert outcome.status == "invalid" and outcome.error is not None
    assert "calculator" in outcome.error["detail"]
    outcome = await l03.execute("count", {"n": "three", "m": 1})
    assert (outcome.status, outcome.execution_id) == ("invalid", None)
    assert outcome.error == {
        "code": "E3004",
        "detail": "The arguments of count are not valid. m: there is no such argument; there are: n; "
        "n: must be of type integer, not string ('three')",
        "errors": [
            {"field": "m", "message": "there is no such argument; there are: n"},
            {"field": "n", "message": "must be of type integer, not string ('three')"},
        ],
    }
    assert (await l03.execute("count", '{"n": 1')).status == "invalid"
    assert (await l03.execute("count", '{"n": 1}')).output == 1
    assert counter.calls == [1]
    assert len((await l01_local.tool_executions.list())["items"]) == 1


async def test_an_agent_uses_the_tools_that_it_has_and_no_others(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    counter = counting(layer)
    agent = await an_agent(l01_local, "calculator")
    outcome = await l03.execute("count", {}, agent_id=agent)
    assert (outcome.status, outcome.error and outcome.error["code"]) == ("permission_denied", "E3003")
    assert counter.calls == []
    execution = await l01_local.tool_executions.get(outcome.execution_id or "")
    assert (execution["status"], execution["agent_id"]) == ("permission_denied", agent)
    assert (
        await l03.execute("count", {}, agent_id=agent, agent_configuration={"tools": ["cou*"]})
    ).output == 1


async def test_a_tool_may_be_for_certain_agents_only(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    counting(layer)
    await l03.execute("count", {})
    (tool,) = (await l01_local.tools.list(name="count"))["items"]
    one, two, three = [await an_agent(l01_local, "count", name=name) for name in ("one", "two", "three")]
    await l01_local.tools.update(
        tool["id"], {"permissions": {"agents": [one, "two"], "note": "of the owner"}}
    )
    layer.registry.forget()
    statuses = [(await l03.execute("count", {}, agent_id=agent)).status for agent in (one, two, three, None)]
    assert statuses == ["success", "success", "permission_denied", "permission_denied"]
    await l01_local.tools.update(tool["id"], {"permissions": {"agents": "everybody"}})
    layer.registry.forget()
    outcome = await l03.execute("count", {}, agent_id=one)
    assert (outcome.status, outcome.error and outcome.error["code"]) == ("invalid", "E3011")


async def test_what_a_tool_raises_is_an_error_that_is_recorded(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    def breaks() -> None:
        """Breaks."""
        raise ValueError("with \0 and \ud800")

    async def refuses() -> None:
        """Refuses."""
        raise ToolRefusedError("not on Sundays")

    layer.registry.add(breaks)
    layer.registry.add(refuses)
    broken = await l03.execute("breaks", {})
    assert (broken.status, broken.error) == (
        "error",
        {"code": "E3008", "detail": "ValueError: with \ufffd and ?"},
    )
    execution = await l01_local.tool_executions.get(broken.execution_id or "")
    assert (execution["status"], execution["error_message"]) == (
        "error",
        "E3008: ValueError: with \ufffd and ?",
    )
    refused = await l03.execute("refuses", {})
    assert (refused.status, refused.error) == ("error", {"code": "E3009", "detail": "not on Sundays"})


async def test_a_tool_that_takes_too_long_is_ended(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    ended = threading.Event()

    def loops() -> None:
        """Loops."""
        try:
            while True:
                time.sleep(0.001)
        finally:
            ended.set()

    async def stubborn() -> None:
        """Does not let itself be cancelled, once."""
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)

    for function in (loops, stubborn):
        layer.registry.add(function, rules=Rules(timeout=0.2))
        outcome = await l03.execute(function.__name__, {})
        assert (outcome.status, outcome.error and outcome.error["code"]) == ("timeout", "E3007")
        execution = await l01_local.tool_executions.get(outcome.execution_id or "")
        assert execution["status"] == "timeout"
    assert ended.is_set()


async def test_who_cancels_a_call_ends_the_tool(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def long() -> None:
        """Takes long."""
        begun.set()
        try:
            await asyncio.sleep(100)
        finally:
            ended.set()

    layer.registry.add(long)
    task = asyncio.ensure_future(l03.execute("long", {}))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    (execution,) = (await l01_local.tool_executions.list())["items"]
    assert execution["status"] == "cancelled"


async def test_only_an_idempotent_tool_is_tried_again(l03: L03Client, layer: ToolExecution) -> None:
    tries: dict[str, int] = {"flaky": 0, "once": 0, "wrong": 0}

    def failing(name: str, error: Exception) -> Any:
        def function() -> str:
            """Fails twice."""
            tries[name] += 1
            if tries[name] < 3:
                raise error
            return "at last"

        return function

    layer.registry.add(failing("flaky", UnreachableToolError()), name="flaky", rules=Rules(idempotent=True))
    layer.registry.add(failing("once", UnreachableToolError()), name="once")
    layer.registry.add(failing("wrong", ToolRefusedError()), name="wrong", rules=Rules(idempotent=True))
    assert (await l03.execute("flaky", {})).output == "at last"
    assert (await l03.execute("once", {})).status == "error"
    assert (await l03.execute("wrong", {})).status == "error"
    assert tries == {"flaky": 3, "once": 1, "wrong": 1}


async def test_a_result_is_cut_to_what_a_model_reads(l03: L03Client, layer: ToolExecution) -> None:
    async def long(text: bool) -> Any:
        """Much."""
        return "ü" * 10_000 if text else [{"n": n} for n in range(10_000)]

    layer.registry.add(long, rules=Rules(max_output=1000))
    text = (await l03.execute("long", {"text": True})).output
    assert text.startswith("üü") and text.endswith("(cut: this is the beginning of 20000 bytes)")
    assert len(text) < 700
    rows = (await l03.execute("long", {"text": False})).output
    assert rows["cut"] is True and rows["beginning"].startswith('[{"n":0}') and len(rows["beginning"]) == 1000


async def test_a_result_that_is_not_what_was_promised_is_an_error_but_kept(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    async def promised() -> dict[str, int]:
        """Numbers."""
        return {"n": 1}

    made = layer.registry.add(promised, name="promised")
    assert (await l03.execute("promised", {})).output == {"n": 1}

    async def lies(context: Any, arguments: Any) -> Any:
        return {"n": "one"}

    from dataclasses import replace

    layer.registry.add(replace(made, name="lies", run=lies))
    outcome = await l03.execute("lies", {})
    assert (outcome.status, outcome.output, outcome.error and outcome.error["code"]) == (
        "error",
        {"n": "one"},
        "E3010",
    )
    assert (await l01_local.tool_executions.get(outcome.execution_id or ""))["output_result"] == {"n": "one"}


async def test_a_tool_that_keeps_failing_is_left_alone(l03: L03Client, layer: ToolExecution) -> None:
    calls: list[int] = []

    async def broken() -> None:
        """Broken."""
        calls.append(1)
        raise ToolFailedError("no")

    layer.registry.add(broken)
    outcomes = [await l03.execute("broken", {}) for _ in range(7)]
    assert [outcome.error["code"] for outcome in outcomes if outcome.error] == ["E3008"] * 5 + ["E3006"] * 2
    assert len(calls) == 5
    assert outcomes[-1].error and outcomes[-1].error["retry_after"] > 0
    assert (await l03.workings())["breakers"] == [{"name": "broken", "breaker": "open"}]
    assert (await layer.health())["status"] == "degraded"


def slow_in(layer: ToolExecution, release: asyncio.Event) -> list[int]:
    """A tool of which two calls run at once, until `release`; how many run, and ran at most."""
    running = [0, 0]

    async def slow(n: int) -> int:
        """Slow."""
        running[0] += 1
        running[1] = max(running)
        await release.wait()
        running[0] -= 1
        return n

    layer.registry.add(slow, rules=Rules(concurrency=2))
    return running


async def test_calls_beyond_the_limit_wait_their_turn(l03: L03Client, layer: ToolExecution) -> None:
    release = asyncio.Event()
    running = slow_in(layer, release)
    calls = [asyncio.ensure_future(l03.execute("slow", {"n": n})) for n in range(8)]
    await eventually(lambda: running[0] == 2)
    release.set()
    assert [outcome.output for outcome in await asyncio.gather(*calls)] == list(range(8))
    assert running == [0, 2]


async def test_whose_turn_does_not_come_is_refused_or_put_aside(l01_local: L01Client, tmp_path: Any) -> None:
    release = asyncio.Event()
    async with tool_layer(l01_local, tmp_path, patience=0.05) as layer:
        l03 = layer.local_client()
        running = slow_in(layer, release)
        await layer.registry.register()
        held = [asyncio.ensure_future(l03.execute("slow", {"n": n})) for n in range(2)]
        await eventually(lambda: running[0] == 2)
        refused = await l03.execute("slow", {"n": 1})
        assert (refused.status, refused.error and refused.error["code"]) == ("error", "E3005")
        agent = await an_agent(l01_local, "slow")
        put_aside = await l03.execute("slow", {"n": 1}, agent_id=agent, run=await a_run(l01_local, agent))
        assert put_aside.status == "waiting_time" and put_aside.until is not None
        release.set()
        await asyncio.gather(*held)
        counter = counting(layer, "rare", per_minute=2)
        assert [(await l03.execute("rare", {})).status for _ in range(3)] == ["success", "success", "error"]
        assert len(counter.calls) == 2


async def test_a_call_of_a_run_happens_once_however_often_it_is_made(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    counter = counting(layer)
    agent = await an_agent(l01_local, "count")
    run = await a_run(l01_local, agent)
    made = await asyncio.gather(*(l03.execute("count", {"n": 1}, agent_id=agent, run=run) for _ in range(5)))
    again = await l03.execute("count", {"n": 1}, agent_id=agent, run=await taken_over(l01_local, run))
    assert {(outcome.status, outcome.output, outcome.execution_id) for outcome in [*made, again]} == {
        ("success", 1, made[0].execution_id)
    }
    assert counter.calls == [1]
    with pytest.raises(FencedError):
        await l03.execute("count", {"n": 2}, agent_id=agent, run=run)
    assert counter.calls == [1]


async def test_what_was_done_before_a_crash_counts_although_the_tool_is_gone_since(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    counting(layer)
    agent = await an_agent(l01_local, "count")
    run = await a_run(l01_local, agent)
    done = await l03.execute("count", {}, agent_id=agent, run=run)
    (tool,) = (await l01_local.tools.list(name="count"))["items"]
    await l01_local.tools.update(tool["id"], {"enabled": False})
    layer.registry.forget()
    run = await taken_over(l01_local, run)
    assert await l03.execute("count", {}, agent_id=agent, run=run) == done
    later = await l03.execute("count", {}, agent_id=agent, run=run._replace(step=2))
    assert later.status == "permission_denied"


async def test_a_call_without_a_run_happens_once_under_its_id(l03: L03Client, layer: ToolExecution) -> None:
    counter = counting(layer)
    outcomes = [await l03.execute("count", {}, call_id="mine") for _ in range(3)]
    assert [outcome.output for outcome in outcomes] == [1, 1, 1]
    assert (await l03.execute("count", {}, call_id="other")).output == 2
    assert len(counter.calls) == 2


async def test_waiting_holds_nothing_and_counts_from_the_beginning(
    l03: L03Client, l01_local: L01Client
) -> None:
    agent = await an_agent(l01_local, "wait")
    run = await a_run(l01_local, agent)
    first = await l03.execute("wait", {"seconds": 3600}, agent_id=agent, run=run)
    assert first.status == "waiting_time" and first.until is not None
    run = await taken_over(l01_local, run)
    assert await l03.execute("wait", {"seconds": 3600}, agent_id=agent, run=run) == first
    run = run._replace(step=2)
    async with asyncio.timeout(20):
        while (
            over := await l03.execute("wait", {"seconds": 0.05}, agent_id=agent, run=run)
        ).status != "success":
            await asyncio.sleep(0.02)
    assert over.output["waited_seconds"] == 0.05
    assert len((await l01_local.tool_executions.list())["items"]) == 2


async def test_files_belong_to_the_agent(l03: L03Client, l01_local: L01Client) -> None:
    one, two = [
        await an_agent(l01_local, "*_file*", "read_file", "write_file", "list_files") for _ in range(2)
    ]
    written = await l03.execute("write_file", {"path": "notes/a.md", "content": "milk"}, agent_id=one)
    assert written.output == {"path": "notes/a.md", "bytes": 4, "new": True}
    assert (await l03.execute("read_file", {"path": "notes/a.md"}, agent_id=one)).output == "milk"
    assert (await l03.execute("read_file", {"path": "notes/a.md"}, agent_id=two)).status == "error"
    out = await l03.execute("read_file", {"path": f"../{one}/notes/a.md"}, agent_id=two)
    assert (out.status, out.error and out.error["code"]) == ("error", "E3018")
    assert (await l03.execute("list_files", {}, agent_id=two)).output == []
    assert (await l03.execute("list_files", {})).error == {
        "code": "E3018",
        "detail": "Only an agent has a folder, and no agent called this.",
    }


async def test_documents_are_searched_and_read(l03: L03Client, l01_local: L01Client) -> None:
    document = await l01_local.documents.create(
        title="Bread", content="flour & water, " * 3000, tags=["food"]
    )
    (found,) = (await l03.execute("search_documents", {"query": "flour"})).output
    assert (found["id"], found["title"]) == (document["id"], "Bread")
    assert "<mark>" not in found["excerpt"] and "flour & water" in found["excerpt"]
    first = (await l03.execute("read_document", {"id": document["id"]})).output
    assert (len(first["content"]), first["characters"]) == (20_000, 45_000)
    rest = (await l03.execute("read_document", {"id": document["id"], "offset": first["next_offset"]})).output
    assert rest["content"].startswith((document["content"] or "")[20_000:20_050])


async def test_the_catalogue_follows_the_records_of_another_process(
    l03: L03Client, layer: ToolExecution, l01_local: L01Client, tmp_path: Any
) -> None:
    async with tool_layer(l01_local, tmp_path) as other:
        counting(other, "elsewhere")
        await other.registry.register()
        outcome = await l03.execute("elsewhere", {})
        assert (outcome.status, outcome.error and outcome.error["code"]) == ("error", "E3012")
        assert (await other.local_client().execute("elsewhere", {})).output == 1
