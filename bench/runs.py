"""Runs: what a durable step costs over a bare insert, many runs at once, ten thousand that wait, and taking over.

Models and tools answer at once, in this process: what is measured is the runtime and the data layer.
"""

import asyncio
import gc
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import psutil
import uvloop

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L01_data_layer.settings import L01Settings
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.context_of_run import RunContext
from agentic.layers.L02_agent_runtime.durable import DurableAgent, agent
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from agentic.layers.L02_agent_runtime.settings import L02Settings
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L04_model_gateway.models import Reply
from bench.kit.cpu import postgres_clock
from bench.kit.options import Options, read_options
from bench.kit.report import Report
from bench.kit.sample import Sample
from bench.kit.services import REDIS_URL, own_database
from bench.kit.task_load import task_load

DATABASE = "agentic_bench_runs"
RUNS, STEPS = 50, 20
WAITING = 10_000
LEASE = 2.0
LONG = 200
IDLE = 5.0
PATIENCE = 300.0

BARE = """
CREATE TABLE bare (id uuid PRIMARY KEY, run_id uuid, number int, kind text, name text, status text, input jsonb,
  output jsonb, created_at timestamptz DEFAULT now());
CREATE INDEX ON bare (run_id, number)
"""
INSERT = "INSERT INTO bare (id, run_id, number, kind, name, status, input, output) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"


class InstantModels(L04Client):
    """Answers at once, as the gateway does: reserved before, settled by the step."""

    def __init__(self, l01: L01Client) -> None:
        self._l01 = l01

    async def models(self) -> list[Any]:
        return []

    async def complete(
        self, request: Mapping[str, Any], *, run: RunRef | None = None, agent_id: Any = None, **_: Any
    ) -> Reply:
        assert run is not None
        row = await self._l01.usage.reserve(
            provider="bench",
            model="bench",
            agent_id=agent_id,
            run_id=run.run_id,
            step=run.step,
            token=run.token,
            tokens=100,
            cost=0.0001,
            seconds=60.0,
        )
        asked = sum(message["role"] == "assistant" for message in request["messages"])
        message: dict[str, Any] = {"role": "assistant", "content": "done"}
        if asked < STEPS // 2 - 1:
            call = {"name": "look", "arguments": f'{{"n": {asked}}}'}
            message |= {"content": None, "tool_calls": [{"id": "a", "type": "function", "function": call}]}
        usage: Any = {"input_tokens": 10, "output_tokens": 5, "cost": 0.0001, "cost_known": True}
        return Reply(message, "stop", usage, row["id"], "bench", "bench")


class InstantTools(L03Client):
    """Answer at once."""

    def __init__(self) -> None:
        pass

    async def catalogue(self, agent_configuration: Mapping[str, Any] | None = None) -> list[Any]:
        return [{"name": "look", "description": "", "parameters": {"type": "object"}}]

    async def execute(self, name: str, arguments: Any, **_: Any) -> Any:
        from agentic.layers.L03_tool_execution.models import Outcome

        return Outcome("success", arguments["n"])


@agent(name="stepper", limits={"steps": 100_000})
async def stepper(ctx: RunContext, count: Any) -> Any:
    """So many steps, one after the other."""
    for number in range(count):
        await ctx.step("count", _same, number)
    return count


@agent(name="asker", limits={"steps": 100_000})
async def asker(ctx: RunContext, count: Any) -> Any:
    """So many steps, a question, and one step more."""
    for number in range(count):
        await ctx.step("count", _same, number)
    await ctx.ask("Go on?")
    return await ctx.step("after", _same, count)


def _same(number: int) -> int:
    return number


class Stage:
    """A data layer and a runtime in this process."""

    def __init__(self, layer: DataLayer, runtime: AgentRuntime, url: str) -> None:
        self.l01 = L01Client(backend=layer.backend)
        self.l02: L02Client = runtime.local_client()
        self.layer = layer
        self.runtime = runtime
        self.url = url

    async def ids(self, *agents: DurableAgent) -> list[str]:
        """The agents' records."""
        return [(await each.record(self.l01))["id"] for each in agents]


@asynccontextmanager
async def stage(url: str, **settings: Any) -> AsyncGenerator[Stage]:
    context = Context()
    layer = DataLayer(context, L01Settings(database_url=url, redis_url=f"{REDIS_URL}/10"))
    async with layer.running():
        l01 = layer.local_client()
        context.give(l01)
        context._clients[L04Client] = InstantModels(l01)  # pyright: ignore[reportPrivateUsage]
        context._clients[L03Client] = InstantTools()  # pyright: ignore[reportPrivateUsage]
        runtime = AgentRuntime(context, L02Settings(**{"lease": 30.0, **settings}))
        async with runtime.running():
            yield Stage(layer, runtime, url)


async def _bare(url: str, tasks: int, seconds: float) -> Sample:
    """A bare insert of the same columns, without any event, from a plain pool."""
    async with asyncpg.create_pool(url) as pool:
        run_id = uuid4()

        async def insert() -> None:
            async with pool.acquire() as connection:
                await connection.execute(
                    INSERT, uuid4(), run_id, 1, "step", "count", "completed", '{"at": "/1"}', "1"
                )

        return await task_load(
            insert, tasks=tasks, seconds=seconds, clocks={"postgres": await postgres_clock(DATABASE)}
        )


async def _steps(scene: Stage, tasks: int, seconds: float) -> Sample:
    """Durable steps of runs that are held: fenced, numbered, with an event."""
    (agent_id,) = await scene.ids(stepper)
    for _ in range(tasks):
        await scene.l01.runs.create(agent_id=agent_id)
    held = {run["id"]: run for run in await scene.l01.runs.claim("bench", tasks, 600.0)}
    free = list(held.values())

    async def step() -> None:
        run = free.pop()
        await scene.l01.runs.step(
            run["id"], run["token"], kind="step", name="count", input={"at": "/1"}, output=1
        )
        free.append(run)

    sample = await task_load(
        step, tasks=tasks, seconds=seconds, clocks={"postgres": await postgres_clock(DATABASE)}
    )
    for run in held.values():
        await scene.l01.runs.move(run["id"], run["token"], "completed")
    return sample


async def _ended(scene: Stage, run_ids: list[str]) -> None:
    for run_id in run_ids:
        run = await scene.l02.wait(run_id, PATIENCE)
        if run["status"] != "completed":
            raise RuntimeError(f"a run is {run['status']}: {run['error']}")


async def _many(scene: Stage, begin: Callable[[], Awaitable[str]]) -> float:
    """Steps per second of many runs at once, from their creation until the last has ended."""
    started = time.perf_counter()
    run_ids = await asyncio.gather(*(begin() for _ in range(RUNS)))
    await _ended(scene, run_ids)
    seconds = time.perf_counter() - started
    steps = sum([len(await scene.l01.runs.steps(run_id)) for run_id in run_ids])
    return steps / seconds


async def _waiting(scene: Stage, report: Report) -> None:
    """Ten thousand runs that wait for a person: what they cost while nothing happens."""
    (agent_id,) = await scene.ids(stepper)
    process = psutil.Process()

    async def idle() -> tuple[float, float]:
        clock = await postgres_clock(DATABASE)
        own, database = time.process_time(), clock()
        await asyncio.sleep(IDLE)
        return (time.process_time() - own) / IDLE, (clock() - database) / IDLE

    await asyncio.sleep(1)
    own_before, database_before = await idle()
    gc.collect()
    before = process.memory_info().rss
    for _ in range(WAITING // 1000):
        await asyncio.gather(
            *(scene.l01.runs.create(agent_id=agent_id, due_at="2999-01-01T00:00:00Z") for _ in range(1000))
        )
    connection = await asyncpg.connect(scene.url)
    await connection.execute(
        "UPDATE runs SET status = 'waiting_approval', due_at = NULL WHERE status = 'queued'"
    )
    await connection.execute("ANALYZE runs")
    count = await connection.fetchval("SELECT count(*) FROM runs WHERE status = 'waiting_approval'")
    await connection.close()
    if count < WAITING:
        raise RuntimeError(f"only {count} runs wait")
    await asyncio.sleep(2)
    gc.collect()
    report.at_most(
        f"memory of {WAITING} runs that wait", 50, (process.memory_info().rss - before) / 1e6, "MB"
    )
    own_after, database_after = await idle()
    report.note(
        f"idle, with {WAITING} waiting: {own_after:.3f} cores here and {database_after:.3f} in PostgreSQL; "
        f"without them {own_before:.3f} and {database_before:.3f}"
    )


async def _adoption(url: str, rounds: int) -> float:
    """Seconds from a dead process's last sign of life until another has its run."""
    seconds: list[float] = []
    async with stage(url, lease=LEASE) as scene:
        (agent_id,) = await scene.ids(stepper)
        for _ in range(rounds):
            run = await scene.l01.runs.create(agent_id=agent_id, input=1, due_at="2999-01-01T00:00:00Z")
            connection = await asyncpg.connect(url)
            # As a process leaves it that has taken it and died.
            await connection.execute(
                "UPDATE runs SET status = 'running', due_at = NULL, worker = 'dead', token = 1, attempts = 1, "
                f"lease_until = now() + interval '{LEASE} seconds' WHERE id = $1",
                run["id"],
            )
            await connection.close()
            started = time.perf_counter()
            await _ended(scene, [run["id"]])
            seconds.append(time.perf_counter() - started)
    return max(seconds)


async def _resuming(scene: Stage, rounds: int) -> float:
    """Milliseconds from a person's word until a run of 200 steps has gone on and ended."""
    (agent_id,) = await scene.ids(asker)
    found: list[float] = []
    for _ in range(rounds):
        run = await scene.l02.run(agent_id, LONG, wait=PATIENCE)
        if run["status"] != "waiting_approval":
            raise RuntimeError(f"a run is {run['status']}: {run['error']}")
        await asyncio.sleep(0.3)
        started = time.perf_counter()
        await scene.l02.approve(run["id"])
        while (await scene.l02.get(run["id"]))["status"] != "completed":
            await asyncio.sleep(0.001)
        found.append((time.perf_counter() - started) * 1e3)
    return statistics.median(found)


async def run(options: Options) -> Report:
    """Rounds of bare inserts and durable steps, then the rest."""
    report = Report("Runs and their steps", base="bare insert")
    async with own_database(DATABASE) as url:
        connection = await asyncpg.connect(url)
        await connection.execute(BARE)
        await connection.close()
        async with stage(url, carries=False) as scene:
            for _ in range(options.rounds):
                for tasks in (1, RUNS):
                    case = f"at {tasks}"
                    report.add(case, "bare insert", await _bare(url, tasks, options.seconds))
                    report.add(case, "durable step", await _steps(scene, tasks, options.seconds))
        async with stage(url) as scene:
            (agent_id,) = await scene.ids(stepper)
            model_agent = await scene.l02.spawn("looper", {"model": "bench", "tools": ["look"]})

            async def code() -> str:
                return (await scene.l02.run(agent_id, STEPS))["id"]

            async def loop() -> str:
                return (await scene.l02.run(model_agent["id"], "go"))["id"]

            rates = [await _many(scene, code) for _ in range(options.rounds)]
            report.at_least(f"{RUNS} runs of {STEPS} steps at once", 700, statistics.median(rates), "steps/s")
            rates = [await _many(scene, loop) for _ in range(options.rounds)]
            report.note(
                f"{RUNS} runs of {STEPS} model and tool steps, each model call reserved first: "
                f"{statistics.median(rates):.0f} steps/s"
            )
            report.at_most("resuming a run of 200 steps", 100, await _resuming(scene, options.rounds), "ms")
            await _waiting(scene, report)
        report.at_most(
            f"taking over a dead process's run, lease {LEASE:g} s",
            LEASE + 1,
            await _adoption(url, options.rounds),
            "s",
        )
    for tasks in (1, RUNS):
        ratio = report.ratio(f"at {tasks}", "durable step", "bare insert", lambda sample: sample.p50_ms)
        report.at_most(f"a durable step over a bare insert, at {tasks} (p50)", 3, ratio, "x")
    return report


if __name__ == "__main__":
    print(uvloop.run(run(read_options(__doc__))).text())
