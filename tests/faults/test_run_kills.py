"""`kill -9` of processes that carry runs, at random moments: nothing lost, nothing asked or done twice, all counted.

`AGENTIC_KILLS` says how often (30 in the suite; `make torture` asks for 300) and prints the counts. The judges are on
loopback and are not killed: the provider counts what it was asked, the counter what was done.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import pytest

from agentic.layers.base.common_errors import DatabaseUnavailableError, StateError, TimedOutError
from agentic.layers.base.ids import now, timestamp
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L04_model_gateway.models import PROVIDERS
from tests.kit.effects import EffectCounter
from tests.kit.http import served
from tests.kit.providers import CountingProvider, Reply, Tool
from tests.kit.providers.counting import ProviderCall
from tests.kit.runtime_process import RuntimeNursery, RuntimeProcess

pytestmark = pytest.mark.anyio

KILLS = int(os.environ.get("AGENTIC_KILLS", "30"))
TURNS = 5
AT_ONCE = 8
PATIENCE = 120.0
FINAL = ("completed", "failed", "cancelled")
UNSURE = 2.0
"""Seconds after which a person who is asked looks: what a killed process had sent has arrived by then."""
LEASE = 3.0
"""Long enough that a process which is only slow, because the machine is busy, keeps its runs."""
PRICE = 11 * 1.0 / 1e6 + 7 * 2.0 / 1e6
"""Of one answer: its tokens at the prices that the provider is configured with."""


@dataclass
class Scene:
    """The judges, and the data layer of the test."""

    l01: L01Client
    provider: CountingProvider
    effects: EffectCounter
    make: Callable[[], RuntimeProcess]
    asked: list[tuple[str, int, str]] = field(default_factory=list[tuple[str, int, str]])
    """What the provider was asked: of which run, for which answer, when."""

    def answer(self, call: ProviderCall) -> Reply:
        """Asks for two tools `TURNS` times, then is done."""
        messages = call.body["messages"]
        tag, turn = messages[0]["content"], sum(message["role"] == "assistant" for message in messages)
        self.asked.append((tag, turn, timestamp()))
        delay = random.choice((0.0, 0.0, 0.01, 0.05))
        if turn == TURNS:
            return Reply(f"done {tag}", delay=delay)
        tools = [Tool("charge", {"tag": tag, "number": turn}, "a"), Tool("look", {"number": turn}, "b")]
        return Reply("", tools=tools, delay=delay)

    @property
    def progress(self) -> int:
        """How much has happened."""
        return len(self.asked) + self.effects.done.total()


class Judged(Protocol):
    """What a person needs who looks."""

    l01: L01Client
    effects: EffectCounter


@pytest.fixture
async def scene(l01_local: L01Client, database_url: str, redis_url: str) -> AsyncGenerator[Scene]:
    effects = EffectCounter()
    async with CountingProvider() as provider, served(effects) as effects_url:
        await l01_local.set_config(
            PROVIDERS,
            "counting",
            {
                "kind": "openai",
                "base_url": f"{provider.url}/v1",
                "models": {"small": {"prices": {"input": 1.0, "output": 2.0}}},
            },
        )
        nursery = RuntimeNursery(database_url, redis_url, effects_url, LEASE)
        scene = Scene(l01_local, provider, effects, lambda: RuntimeProcess(nursery))
        provider.otherwise = scene.answer
        try:
            yield scene
        finally:
            nursery.close()


async def until(holds: Callable[[], Any], within: float = PATIENCE) -> None:
    async with asyncio.timeout(within):
        while True:
            result = holds()
            if isinstance(result, Awaitable):
                result = await result
            if result:
                return
            await asyncio.sleep(0.01)


async def an_agent(l01: L01Client) -> str:
    agent = await l01.create_agent("clerk", "general", {"model": "small", "tools": ["charge", "look"]})
    return (await l01.update_agent(agent["id"], {"status": "active"}))["id"]


@asynccontextmanager
async def a_person(scene: Judged) -> AsyncGenerator[Counter[str]]:
    """Somebody who is asked how calls ended that nobody saw the end of, looks at the counter, and says so."""
    said: Counter[str] = Counter()

    async def answer() -> None:
        while True:
            async for approval in scene.l01.approvals.all(status="pending"):
                age = now() - datetime.fromisoformat(approval["created_at"])
                if age.total_seconds() > UNSURE and approval["execution_id"]:
                    with suppress(TimedOutError, DatabaseUnavailableError):  # somebody who says it again
                        await _say(scene, approval, said)
            await asyncio.sleep(0.05)

    task = asyncio.create_task(answer())
    try:
        yield said
    finally:
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        if not isinstance(ended, asyncio.CancelledError):  # then nobody was there to answer: that is the news
            raise AssertionError("the person went away") from ended


async def _say(scene: Judged, approval: Any, said: Counter[str]) -> None:
    execution = await scene.l01.tool_executions.get(approval["execution_id"])
    arguments = execution["input_params"]
    try:
        if scene.effects.done[arguments["tag"], arguments["number"]]:
            told = f"charged {arguments['number']}"
            await scene.l01.tool_executions.resolve(execution["id"], "success", told)
            said["done"] += 1
        else:
            said["again"] += 1
        await scene.l01.approvals.decide(approval["id"], "approved", "person")
    except StateError:
        return


async def test_runs_survive_any_kill(scene: Scene) -> None:
    runs: list[str] = []
    agent_id = await an_agent(scene.l01)

    async def open_runs() -> int:
        page = [run async for run in scene.l01.runs.all(agent_id=agent_id)]
        return sum(run["status"] not in FINAL for run in page[: AT_ONCE * 2])

    async with AsyncExitStack() as stack, a_person(scene) as person:
        processes = [await stack.enter_async_context(scene.make()) for _ in range(2)]
        for kill in range(KILLS):
            for _ in range(AT_ONCE - await open_runs()):
                run = await scene.l01.runs.create(agent_id=agent_id, input=f"run {len(runs)}")
                runs.append(run["id"])
            before, more = scene.progress, random.randint(1, 12)
            await until(lambda before=before, more=more: scene.progress >= before + more)
            await asyncio.sleep(random.random() * 0.03)
            victim = random.choice(processes)
            victim.kill()
            await victim.start()
            print(f"kill {kill + 1} of {KILLS}: {len(runs)} runs, {scene.progress} asked and done so far")

        async def over() -> bool:
            return await open_runs() == 0

        await until(over)
    rows = await _judge(scene, runs)
    report = await scene.l01.check()
    assert report["ok"], report
    print(
        f"{KILLS} kills, {len(runs)} runs, {len(scene.asked)} questions, {scene.effects.done.total()} effects, "
        f"{rows['cut']} calls cut, a person asked {person.total()} times: nothing lost, nothing twice"
    )


async def _judge(scene: Scene, run_ids: list[str]) -> Counter[str]:
    statuses: Counter[str] = Counter()
    for run_id in run_ids:
        run = await scene.l01.runs.get(run_id)
        tag = run["input"]
        steps = await scene.l01.runs.steps(run_id)
        assert (run["status"], run["output"]) == ("completed", f"done {tag}"), run
        # No step lost, none twice.
        assert [step["number"] for step in steps] == list(range(1, len(steps) + 1))
        answers = [step for step in steps if step["kind"] == "model"]
        assert [step["status"] for step in answers] == ["completed"] * (TURNS + 1)
        tools = Counter(
            (step["name"], step["input"]["arguments"]["number"]) for step in steps if step["kind"] == "tool"
        )
        assert tools == {(name, n): 1 for name in ("charge", "look") for n in range(TURNS)}
        assert all(step["status"] == "completed" for step in steps), [s["error"] for s in steps]
        # No side effect twice.
        done = [scene.effects.done[tag, n] for n in range(TURNS)]
        assert done == [1] * TURNS, await _executions(scene, run_id)
        # No question again whose answer was kept.
        for turn, answer in enumerate(answers):
            times = [at for asked, number, at in scene.asked if (asked, number) == (tag, turn)]
            assert times
            assert max(times) <= answer["created_at"]
        statuses += await _judge_cost(scene, run, len([1 for asked, _, _ in scene.asked if asked == tag]))
    return statuses


async def _executions(scene: Scene, run_id: str) -> list[Any]:
    """What the ledger says, to be shown when it is not what was done."""
    return [execution async for execution in scene.l01.tool_executions.all(run_id=run_id)]


async def _judge_cost(scene: Scene, run: Run, asked: int) -> Counter[str]:
    """What was asked is what was counted: answered calls at their price, cut ones marked as estimated."""
    rows = [row async for row in scene.l01.usage.all(run_id=run["id"])]
    statuses = Counter(row["status"] for row in rows)
    assert set(statuses) <= {"completed", "cut"}, statuses
    assert statuses["completed"] == TURNS + 1
    answered = [row for row in rows if row["status"] == "completed"]
    assert sum(row["cost_estimate"] for row in answered) == pytest.approx((TURNS + 1) * PRICE)
    assert {(row["input_tokens"], row["output_tokens"]) for row in answered} == {(11, 7)}
    # What the run shows has the cut ones in it, at the most that they may have cost.
    assert run["cost"] == pytest.approx(sum(row["cost_estimate"] for row in rows))
    # One that was cut may have been cut before it reached the provider; none reached it uncounted.
    assert statuses["completed"] <= asked <= statuses["completed"] + statuses["cut"]
    assert all(row["estimated"] and row["cost_estimate"] > 0 for row in rows if row["status"] == "cut")
    return statuses


async def test_a_process_that_slept_past_its_lease_is_fenced(scene: Scene) -> None:
    agent_id = await an_agent(scene.l01)

    def answer(call: ProviderCall) -> Reply:
        reply = scene.answer(call)
        return Reply(reply.text, tools=reply.tools, delay=LEASE + 1.5 if len(scene.asked) == 1 else 0.0)

    scene.provider.otherwise = answer
    async with scene.make() as first, a_person(scene):
        run = await scene.l01.runs.create(agent_id=agent_id, input="slept")
        await until(lambda: scene.asked)
        holder = (await scene.l01.runs.get(run["id"]))["worker"]
        first.signal(signal.SIGSTOP)
        async with scene.make():
            await until(lambda: _is_over(scene.l01, run["id"]))
            ended = await scene.l01.runs.get(run["id"])
            assert ended["status"] == "completed"
            assert ended["worker"] != holder
            steps = await scene.l01.runs.steps(run["id"])
            first.signal(signal.SIGCONT)
            # Its answer has come meanwhile; what it then tries to write is refused.
            await until(lambda: scene.provider.calls[0].ended.is_set())
        assert await scene.l01.runs.steps(run["id"]) == steps
        # It is well, and carries on alone.
        again = await scene.l01.runs.create(agent_id=agent_id, input="awake")
        await until(lambda: _is_over(scene.l01, again["id"]))
        assert await scene.l01.runs.steps(run["id"]) == steps
    await _judge(scene, [run["id"], again["id"]])


async def _is_over(l01: L01Client, run_id: str) -> bool:
    return (await l01.runs.get(run_id))["status"] in FINAL
