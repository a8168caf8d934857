"""Durable work of other layers: carried by who defined it, with the ends of other agents' runs in its hands."""

from __future__ import annotations

from typing import Any

import pytest

from agentic.layers.base.background import Background
from agentic.layers.base.layer import Context
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.jobs import Jobs, RunContext
from tests.layers.L02.conftest import EAGER, PATIENCE

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
