"""Plans: 200 steps that do nothing, 20 at once, against the same calls of the same tool without a plan.

The tool answers at once, in this process: what is measured is what a plan adds, its tasks' rows and its run's steps.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import datetime
from itertools import count
from typing import Any

import uvloop

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.settings import L01Settings
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.layer import ToolExecution
from agentic.layers.L03_tool_execution.settings import L03Settings
from agentic.layers.L05_planning.client import L05Client, PlanState
from agentic.layers.L05_planning.layer import Planner
from bench.kit.cpu import postgres_clock
from bench.kit.options import Options, read_options
from bench.kit.report import Report
from bench.kit.sample import Sample
from bench.kit.services import REDIS_URL, own_database
from bench.kit.task_load import task_load

DATABASE = "agentic_bench_plans"
TASKS, WIDE = 200, 20
PATIENCE = 120.0
ENDS = ("plan.completed", "plan.failed", "plan.cancelled")


async def nothing(number: int = 0) -> int:
    """Does nothing."""
    return number


class Stage:
    """The layers that carry plans of tools, in this process."""

    def __init__(self, l01: L01Client, l03: L03Client, l05: L05Client) -> None:
        self.l01 = l01
        self.l03 = l03
        self.l05 = l05


@asynccontextmanager
async def stage(url: str) -> AsyncGenerator[Stage]:
    context = Context()
    async with AsyncExitStack() as stack:
        layer = DataLayer(context, L01Settings(database_url=url, redis_url=f"{REDIS_URL}/10"))
        await stack.enter_async_context(layer.running())
        context.give(layer.local_client())
        tools = ToolExecution(context, L03Settings(concurrency=WIDE * 2))
        tools.registry.add(nothing)
        await stack.enter_async_context(tools.running())
        context.give(tools.local_client())
        planner = Planner(context)
        await stack.enter_async_context(planner.running())
        yield Stage(layer.local_client(), tools.local_client(), planner.local_client())


def lanes() -> list[dict[str, Any]]:
    """As many lanes as may be at work, each a row of steps that wait for the one before."""
    return [
        {
            "id": f"s{number}",
            "tool": "nothing",
            "input": {"number": number},
            "depends_on": [f"s{number - WIDE}"] if number >= WIDE else [],
        }
        for number in range(TASKS)
    ]


async def _carried(scene: Stage) -> tuple[float, PlanState]:
    """Seconds from the word to the end of one plan, its tasks made on the way."""
    goal = await scene.l01.create_goal(None, "bench")
    planned = await scene.l05.plan(goal["id"], steps=lanes(), options={"parallel": WIDE})
    assert planned["plan"] is not None
    plan_id = planned["plan"]["id"]
    await scene.l05.approve(plan_id)
    ended = asyncio.create_task(_ended(scene, plan_id, await scene.l01.events.head()))
    started = time.perf_counter()
    await scene.l05.execute(plan_id)
    await ended
    seconds = time.perf_counter() - started
    state = await scene.l05.look(plan_id)
    if state["plan"]["status"] != "completed":
        raise RuntimeError(f"a plan is {state['plan']['status']}: {state['plan']['error']}")
    return seconds, state


async def _ended(scene: Stage, plan_id: str, after: int) -> None:
    async with asyncio.timeout(PATIENCE), aclosing(scene.l01.follow(after, event_type="plan.*")) as batches:
        async for batch in batches:
            if any(event.event_type in ENDS and event.aggregate_id == plan_id for event in batch):
                return


def _delays(state: PlanState) -> list[float]:
    """Milliseconds from the end of the last that a step waited for to its own beginning."""
    tasks = {task["step_id"]: task for task in state["tasks"]}
    found: list[float] = []
    for step in state["plan"]["steps"]:
        if step["depends_on"]:
            began = datetime.fromisoformat(tasks[step["id"]]["started_at"] or "")
            ready = max(
                datetime.fromisoformat(tasks[need]["completed_at"] or "") for need in step["depends_on"]
            )
            found.append((began - ready).total_seconds() * 1e3)
    return found


async def _calls(scene: Stage, seconds: float) -> Sample:
    """The same calls, each once, without a run and without a plan."""
    numbers = count()

    async def call() -> None:
        number = next(numbers)
        await scene.l03.execute("nothing", {"number": number})

    return await task_load(
        call, tasks=WIDE, seconds=seconds, clocks={"postgres": await postgres_clock(DATABASE)}
    )


async def run(options: Options) -> Report:
    """Rounds of calls and of plans."""
    report = Report("Plans and their tasks", base="calls alone")
    rates: list[float] = []
    ratios: list[float] = []
    delays: list[float] = []
    async with own_database(DATABASE) as url, stage(url) as scene:
        await _carried(scene)
        for _ in range(options.rounds):
            calls = await _calls(scene, options.seconds)
            report.add(f"at {WIDE}", "calls alone", calls)
            seconds, state = await _carried(scene)
            rates.append(TASKS / seconds)
            ratios.append(TASKS / seconds / calls.rate)
            delays += _delays(state)
    report.at_least(f"a plan of {TASKS} tasks, {WIDE} wide", 300, statistics.median(rates), "tasks/s")
    delays.sort()
    report.at_most("a ready task begins after (p95)", 20, delays[int(len(delays) * 0.95)], "ms")
    report.note(
        f"tasks of a plan over calls alone, in the same round: {statistics.median(ratios):.2f} x; "
        f"a ready task begins after {statistics.median(delays):.1f} ms (p50)"
    )
    return report


if __name__ == "__main__":
    print(uvloop.run(run(read_options(__doc__))).text())
