"""Durable work of other layers: carried by who defined it, with the ends of other agents' runs in its hands."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentic.layers.base.background import Background
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.jobs import Jobs, RunContext
from tests.layers.L02.conftest import EAGER, PATIENCE, Tools, eventually

pytestmark = pytest.mark.anyio


async def test_a_job_is_a_run_that_only_its_layer_takes(l02: L02Client, context: Context) -> None:
    agent = await l02.spawn("helper", {"instructions": "Help."})
    jobs = Jobs("L99", context, EAGER)

    async def ask_twice(ctx: RunContext, value: Any) -> Any:
        good = await ctx.child("helper", value, configuration={"instructions": "Be brief."})
        bad = await ctx.child("helper", value, configuration={"tools": [{"agent": "nobody"}]})
        return [good, bad.status, bad.error]

    job = jobs.define(ask_twice)
    run = await job.begin("hello")
    async with Background("jobs").running(jobs.works()):
        run = await l02.wait(run["id"], PATIENCE)
    await jobs.drain()

    assert run["status"] == "completed", run["error"]
    (run_id, status, output, _, _), bad, error = run["output"]
    child = await l02.get(run_id)
    assert (status, output, child["agent_id"]) == ("completed", "Hello.", agent["id"])
    assert child["configuration"]["instructions"] == "Be brief."
    assert bad == "failed"
    assert "nobody" in error["detail"]


async def test_what_waits_goes_on_while_another_branch_is_at_work(
    l02: L02Client, context: Context, tools: Tools
) -> None:
    await l02.spawn("helper", {"instructions": "Help."})
    jobs = Jobs("L99", context, EAGER)
    over: list[str] = []
    done = asyncio.Event()
    tools.functions["wait"] = done.wait

    async def both(ctx: RunContext, _: Any) -> Any:
        async def ask_helper() -> None:
            await ctx.sleep(0.05)
            await ctx.child("helper", "hello")
            over.append("helper")

        async def work() -> None:
            await ctx.tool("wait")
            over.append("work")

        await asyncio.gather(ctx.branch(1, ask_helper), ctx.branch(2, work))
        return over

    job = jobs.define(both)
    run = await job.begin(None)
    async with Background("jobs").running(jobs.works()):
        await eventually(lambda: over == ["helper"])
        assert (await l02.get(run["id"]))["status"] == "running"
        done.set()
        run = await l02.wait(run["id"], PATIENCE)
    await jobs.drain()
    assert (run["status"], run["output"], len(tools.calls)) == ("completed", ["helper", "work"], 1)
    assert run["steps"] == 3


async def test_a_job_is_told_that_there_is_news(l02: L02Client, context: Context) -> None:
    jobs = Jobs("L99", context, EAGER)
    heard: list[str] = []

    async def listen(ctx: RunContext, _: Any) -> str:
        news = ctx.news()
        heard.append("listens")
        await ctx.aside(news.wait)
        return "heard"

    job = jobs.define(listen)
    run = await job.begin(None)
    async with Background("jobs").running(jobs.works()):
        await eventually(lambda: heard)
        await context.client(L01Client).runs.wake(run["id"])
        run = await l02.wait(run["id"], PATIENCE)
    await jobs.drain()
    assert run["output"] == "heard"
