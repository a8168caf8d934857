"""Agents of somebody's own code: each call a step, given back when the code runs again."""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

import agentic
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime import functions
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.context_of_run import RunContext
from agentic.layers.L02_agent_runtime.durable import DurableAgent
from agentic.layers.L02_agent_runtime.errors import AgentCodeError, ToolCallError
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from agentic.layers.L02_agent_runtime.own_worker import carrying
from agentic.layers.L03_tool_execution.models import Outcome
from tests.layers.L02.conftest import EAGER, PATIENCE, Models, Tools, eventually

pytestmark = pytest.mark.anyio

Code = Callable[[RunContext, Any], Any]


async def begin(l02: L02Client, l01: L01Client, agent: DurableAgent, value: Any = None) -> Any:
    record = await agent.record(l01)
    return await l02.run(record["id"], value)


async def ended(l02: L02Client, l01: L01Client, agent: DurableAgent, value: Any = None) -> Any:
    run = await begin(l02, l01, agent, value)
    return await l02.wait(run["id"], PATIENCE)


async def test_models_tools_and_steps(
    l02: L02Client, l01_local: L01Client, models: Models, tools: Tools
) -> None:
    tools.functions["add"] = lambda a, b: a + b
    models.script("three")

    @agentic.agent(name="mathematician", model="small", instructions="Count.", tools=["add"])
    async def code(ctx: RunContext, value: Any) -> Any:
        total = await ctx.tool("add", a=value, b=2)
        word = (await ctx.model(f"Say {total}.")).text
        length = await ctx.step("measure", len, word)
        return {"total": total, "word": word, "length": length}

    run = await ended(l02, l01_local, code, 1)
    assert (run["status"], run["output"]) == ("completed", {"total": 3, "word": "three", "length": 5})
    steps = await l02.steps(run["id"])
    assert [(step["kind"], step["name"]) for step in steps] == [
        ("tool", "add"),
        ("model", "small"),
        ("step", "measure"),
    ]
    assert models.requests[0]["messages"] == [
        {"role": "system", "content": "Count."},
        {"role": "user", "content": "Say 3."},
    ]
    assert run["cost"] == 0.001


async def test_a_sleep_and_a_question_hold_nothing_and_nothing_is_done_twice(
    l02: L02Client, l01_local: L01Client, runtime: AgentRuntime, models: Models
) -> None:
    done: list[str] = []

    @agentic.agent(name="careful")
    async def code(ctx: RunContext, _: Any) -> Any:
        await ctx.step("first", done.append, "first")
        await ctx.sleep(0.3)
        answer = await ctx.ask("Go on?", {"with": "what"})
        await ctx.step("second", done.append, "second")
        return [answer.approved, answer.reason, answer.by, (await ctx.model("x")).text]

    run = await begin(l02, l01_local, code)
    run = await l02.wait(run["id"], PATIENCE)
    assert run["status"] == "waiting_approval"
    await eventually(lambda: runtime.worker.carried == 0)
    await l02.approve(run["id"], by="ada", reason="fine")

    async def over() -> bool:
        return (await l02.get(run["id"]))["status"] == "completed"

    await eventually(over)
    assert (await l02.get(run["id"]))["output"] == [True, "fine", "ada", "Hello."]
    assert done == ["first", "second"]
    assert [step["kind"] for step in await l02.steps(run["id"])] == [
        "step",
        "sleep",
        "approval",
        "step",
        "model",
    ]


async def test_calls_at_the_same_time_find_their_own_steps_again(
    l02: L02Client, l01_local: L01Client, tools: Tools
) -> None:
    async def slow(n: int) -> int:
        await asyncio.sleep(0.05 * (3 - n))
        return n

    tools.functions["slow"] = slow

    @agentic.agent(name="parallel", tools=["slow"])
    async def code(ctx: RunContext, _: Any) -> Any:
        async def one(n: int) -> int:
            first = await ctx.tool("slow", n=n)
            return first + await ctx.step("ten times", lambda: first * 10)

        sums = await asyncio.gather(*(one(n) for n in range(3)))
        await ctx.sleep(0.1)
        return sums

    run = await ended(l02, l01_local, code)
    assert (run["status"], run["output"]) == ("completed", [0, 11, 22])
    assert len(tools.calls) == 3


async def test_branches_find_their_steps_again_in_any_order_and_may_be_left_out(
    l02: L02Client, l01_local: L01Client, tools: Tools
) -> None:
    tools.functions["double"] = lambda n: n * 2
    runs = itertools.count()

    @agentic.agent(name="branching", tools=["double"])
    async def code(ctx: RunContext, _: Any) -> Any:
        async def one(n: int) -> int:
            first = await ctx.tool("double", n=n)
            await ctx.sleep(0.1)
            return first + await ctx.step("ten times", lambda: first * 10)

        order = [2, 0] if next(runs) == 0 else [0, 2, 1]
        return await asyncio.gather(
            *(asyncio.create_task(ctx.branch(n, functools.partial(one, n))) for n in order)
        )

    run = await ended(l02, l01_local, code)
    assert (run["status"], run["output"]) == ("completed", [0, 44, 22])
    assert len(tools.calls) == 3


@pytest.mark.parametrize("how", ["fails", "completes", "waits"])
async def test_what_the_code_leaves_behind_ends_with_it(
    l02: L02Client, l01_local: L01Client, tools: Tools, how: str
) -> None:
    """A task that still waits for a person, or its turn, when the code has ended waits for what never comes."""
    left: list[asyncio.Task[Any]] = []
    used: list[int] = []
    tools.functions["use"] = used.append

    @agentic.agent(name=f"leaves when it {how}", tools=["use"])
    async def code(ctx: RunContext, _: Any) -> Any:
        turn = asyncio.Semaphore(2)

        async def one(n: int) -> None:
            async with turn:
                await ctx.ask(f"Question {n}?")
                await ctx.tool("use", {"n": n})

        left.extend(asyncio.create_task(ctx.branch(n, functools.partial(one, n))) for n in range(4))
        if how == "waits":
            await asyncio.wait(left)  # cancelled itself, it cancels none of them
        await ctx.step("begun", lambda: True)
        if how == "fails":
            raise ValueError("no more")

    run = await begin(l02, l01_local, code)
    run = await l02.wait(run["id"], PATIENCE)
    assert run["status"] == {"fails": "failed", "completes": "completed", "waits": "waiting_approval"}[how]
    await eventually(lambda: bool(left) and all(task.cancelled() for task in left))
    assert used == []


async def test_errors_come_to_the_code_the_same_each_time(
    l02: L02Client, l01_local: L01Client, tools: Tools
) -> None:
    tools.functions["fail"] = lambda: Outcome("error", error={"code": "E3", "detail": "no luck"})
    raised: list[str] = []

    def boom() -> None:
        raise ValueError("boom")

    @agentic.agent(name="catcher")
    async def code(ctx: RunContext, _: Any) -> Any:
        said: list[str] = []
        try:
            await ctx.tool("fail")
        except ToolCallError as error:
            said.append(error.detail)
        try:
            await ctx.step("boom", boom)
        except AgentCodeError as error:
            said.append(error.detail)
        raised.append("once")
        await ctx.sleep(0.1)
        return said

    run = await ended(l02, l01_local, code)
    assert run["output"] == ["fail: no luck", "boom: ValueError: boom"]
    assert (len(raised), len(tools.calls)) == (2, 1)

    @agentic.agent(name="thrower")
    async def thrower(ctx: RunContext, _: Any) -> Any:
        raise KeyError("lost")

    run = await ended(l02, l01_local, thrower)
    assert (run["status"], run["error"]["code"]) == ("failed", "E2010")
    assert "KeyError: 'lost'" in run["error"]["detail"]

    @agentic.agent(name="stranger")
    async def stranger(ctx: RunContext, _: Any) -> Any:
        return object()

    run = await ended(l02, l01_local, stranger)
    assert "not JSON" in run["error"]["detail"]


async def test_code_that_no_longer_matches_its_steps_says_so(l02: L02Client, l01_local: L01Client) -> None:
    async def before(ctx: RunContext, _: Any) -> Any:
        await ctx.step("one", lambda: 1)
        await ctx.step("two", lambda: 2)
        await ctx.ask("Go on?")
        return "done"

    async def renamed(ctx: RunContext, _: Any) -> Any:
        await ctx.step("one", lambda: 1)
        await ctx.step("zwei", lambda: 2)
        await ctx.ask("Go on?")

    async def shorter(ctx: RunContext, _: Any) -> Any:
        return await ctx.step("one", lambda: 1)

    for changed, said in (
        (renamed, "Step 2 of this run is step 'two'; at this place (/2) the code now calls step 'zwei'"),
        (shorter, "The code has ended without step 2 of this run, step 'two'"),
    ):
        agent = agentic.agent(name=f"changing {changed.__name__}")(before)
        run = await begin(l02, l01_local, agent)
        run = await l02.wait(run["id"], PATIENCE)
        assert run["status"] == "waiting_approval"
        changed.__qualname__ = before.__qualname__
        agentic.agent(name=agent.name)(changed)
        await l02.approve(run["id"])

        async def over(run_id: str = run["id"]) -> bool:
            return (await l02.get(run_id))["status"] == "failed"

        await eventually(over)
        error = (await l02.get(run["id"]))["error"]
        assert error is not None
        assert error["code"] == "E2008"
        assert said in error["detail"]


async def test_other_agents_and_messages(l02: L02Client, l01_local: L01Client, models: Models) -> None:
    await l02.spawn("helper", {})
    go = asyncio.Event()

    @agentic.agent(name="boss")
    async def code(ctx: RunContext, _: Any) -> Any:
        answer = await ctx.agent("helper", "help")
        await ctx.step("wait", go.wait)
        first = await ctx.messages()
        await ctx.sleep(0.05)
        return [answer, first, await ctx.messages()]

    run = await begin(l02, l01_local, code)

    async def helped() -> bool:
        return len(await l02.steps(run["id"])) == 1

    await eventually(helped)
    await l02.steer(run["id"], "hurry")
    go.set()
    run = await l02.wait(run["id"], PATIENCE)
    assert run["output"] == ["Hello.", ["hurry"], []]


async def test_the_end_of_another_agents_run_is_given_whatever_it_is(
    l02: L02Client, l01_local: L01Client
) -> None:
    helper = await l02.spawn("helper", {"instructions": "Help."})

    @agentic.agent(name="careful boss")
    async def code(ctx: RunContext, _: Any) -> Any:
        good = await ctx.child("helper", "help", configuration={"instructions": "Be brief."})
        bad = await ctx.child("helper", "help", configuration={"tools": [{"agent": "nobody"}]})
        return [good, bad]

    run = await ended(l02, l01_local, code)
    assert run["status"] == "completed", run["error"]
    (run_id, status, output, _, why), (_, failed, nothing, _, why_not) = run["output"]
    assert (status, output, why) == ("completed", "Hello.", None)
    assert (failed, nothing) == ("failed", None)
    assert "nobody" in why_not["detail"]
    child = await l02.get(run_id)
    assert (child["agent_id"], child["configuration"]["instructions"]) == (helper["id"], "Be brief.")
    place = child["configuration"]["called_at"]
    found = await l01_local.runs.list(parent_run_id=run["id"], called_at=place)
    assert [each["id"] for each in found["items"]] == [run_id]


async def test_limits_hold_for_code_too(l02: L02Client, l01_local: L01Client) -> None:
    @agentic.agent(name="endless", limits={"steps": 5})
    async def code(ctx: RunContext, _: Any) -> Any:
        while True:
            with suppress(Exception):
                await ctx.step("again", lambda: None)

    run = await ended(l02, l01_local, code)
    assert run["error"]["code"] == "E2003"
    assert len(await l02.steps(run["id"])) == 5


async def test_code_that_a_process_does_not_have_is_left_to_one_that_has(
    context: Context, l01_local: L01Client, models: Models, tools: Tools
) -> None:
    @agentic.agent(name="elsewhere")
    async def code(ctx: RunContext, _: Any) -> Any:
        return await ctx.step("one", lambda: 1)

    platform = AgentRuntime(context, EAGER)
    known = functions._known.pop(code.reference)  # pyright: ignore[reportPrivateUsage]
    async with platform.running():
        l02 = platform.local_client()
        run = await begin(l02, l01_local, code)
        await eventually(lambda: platform.carrier.foreign)
        assert (await l02.wait(run["id"], 1))["status"] == "suspended"
        functions.register(code.reference, known)
        async with carrying(code, l01=l01_local, l03=tools, l04=models, settings=EAGER):
            run = await l02.wait(run["id"], PATIENCE)
        assert (run["status"], run["output"]) == ("completed", 1)
        assert run["worker"] != platform.worker.name
    del functions._known[code.reference]  # pyright: ignore[reportPrivateUsage]
    impatient = AgentRuntime(context, EAGER.model_copy(update={"code_patience": 0.0001}))
    async with impatient.running():
        run = await begin(impatient.local_client(), l01_local, code)
        run = await impatient.local_client().wait(run["id"], PATIENCE)
    assert run["error"]["code"] == "E2009"


async def test_a_program_of_its_own_carries_its_agents(
    context: Context, l01_local: L01Client, models: Models, tools: Tools
) -> None:
    @agentic.agent(name="own")
    async def code(ctx: RunContext, value: Any) -> Any:
        return (await ctx.model(value)).text

    models.script("mine")
    async with carrying(code, l01=l01_local, l03=tools, l04=models, settings=EAGER) as here:
        run = await here.begin(code, "hi")
        run = await here.wait(run["id"], PATIENCE)
    assert (run["status"], run["output"]) == ("completed", "mine")


async def test_one_that_is_due_again_as_it_lets_go_is_carried_on(
    l02: L02Client, l01_local: L01Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = l01_local.runs.move

    async def moved_and_taken_again(run_id: Any, token: int, status: Any, **fields: Any) -> Any:
        answer = await move(run_id, token, status, **fields)
        if (token, status) == (1, "suspended"):
            await l01_local.runs.wake(run_id)

            async def taken_again() -> bool:
                return (await l01_local.runs.get(run_id))["token"] == 2

            await eventually(taken_again)
        return answer

    monkeypatch.setattr(l01_local.runs, "move", moved_and_taken_again)

    @agentic.agent(name="sleeper")
    async def code(ctx: RunContext, _value: Any) -> Any:
        await ctx.sleep(0.1)
        return "rested"

    run = await ended(l02, l01_local, code)
    # Else it would lie until its lease is over, and be taken a third time.
    assert (run["status"], run["output"], run["attempts"]) == ("completed", "rested", 1)
