"""Runs for tests: one that is taken and held, and one that does everything that a run may do."""

from __future__ import annotations

from typing import Any

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import Run

USED = {
    "input_tokens": 100,
    "output_tokens": 20,
    "cached_tokens": 50,
    "reasoning_tokens": 5,
    "cost": 0.001234,
    "latency_ms": 300,
    "ttft_ms": 30,
    "provider": "p",
    "model": "m-2026",
}


async def taken(l01: L01Client, worker: str = "w", **fields: Any) -> Run:
    """A new run that `worker` holds."""
    made = await l01.runs.create(priority=1000, **fields)
    (run,) = await l01.runs.claim(worker, 1, 60)
    assert run["id"] == made["id"]
    return run


async def called(l01: L01Client, run: Run, **fields: Any) -> str:
    """A model call of a run, in flight; its id."""
    reserved = await l01.usage.reserve(
        provider="p",
        model="m",
        run_id=run["id"],
        agent_id=run["agent_id"],
        token=run["token"],
        **{"tokens": 500, "input_tokens": 80, "cost": 0.01, **fields},
    )
    return reserved["id"]


async def a_life(l01: L01Client, agent_id: str) -> None:
    """Every kind of change that a run, and what belongs to it, may go through."""
    budget = await l01.budgets.create(scope="agent", subject=agent_id, max_tokens=10**9, max_cost=100.5)
    await l01.budgets.update(budget["id"], {"max_tokens": None, "max_cost": 1_000_000.000001})
    run = await taken(l01, agent_id=agent_id, input={"text": "hello", "none": None})
    ref, token = run["id"], run["token"]
    usage_id = await called(l01, run)
    await l01.runs.step(
        ref, token, kind="model", name="m", usage_id=usage_id, usage=USED, output=[1.5, None], input={}
    )
    approval = await l01.approvals.create(run_id=ref, agent_id=agent_id, title="May it?", request={"n": 1})
    await l01.runs.move(ref, token, "waiting_approval")
    await l01.approvals.decide(approval["id"], "approved", "somebody", "why not")
    (run,) = await l01.runs.claim("w", 1, 60)
    token = run["token"]
    effect = {"run_id": ref, "token": token, "agent_id": agent_id, "input_params": {"n": 1}}
    first = await l01.tool_executions.reserve("e1", approval_id=approval["id"], **effect)
    await l01.tool_executions.unknown(first["execution"]["id"])
    await l01.tool_executions.resolve(first["execution"]["id"], "success", {"done": True})
    again = await l01.tool_executions.reserve("e2", idempotent=True, **effect)
    await l01.tool_executions.again(again["execution"]["id"], token)
    await l01.tool_executions.record(again["execution"]["id"], "error", error_message="no")
    await l01.runs.step(
        ref, token, kind="tool", name="t", execution_id=again["execution"]["id"], error={"n": 0}
    )
    await l01.runs.message(ref, "faster")
    await l01.usage.fail(await called(l01, run), {"code": "E", "detail": "no"})
    await l01.usage.cut_off(await called(l01, run), {**USED, "cost": None, "cost_known": False})
    await called(l01, run)
    await l01.usage.cut(run_id=ref, before_token=token + 1)
    await l01.runs.move(ref, token, "completed", output={"text": "done"})

    fork = await l01.runs.fork(ref, 2, {"model": "other", "tool_result": {"number": 2, "output": 7}})
    await l01.runs.pause(fork["id"])
    parent = await taken(l01, agent_id=agent_id)
    child = await l01.runs.create(agent_id=agent_id, parent_run_id=parent["id"])
    await l01.approvals.create(run_id=child["id"], title="Never")
    await l01.runs.pause(child["id"])
    await l01.runs.resume(child["id"])
    await l01.runs.cancel(parent["id"], "enough")
    await l01.runs.step(parent["id"], parent["token"], kind="step", name="late")
    failed = await taken(l01)
    await l01.runs.move(failed["id"], failed["token"], "suspended", due_at="2026-01-01T00:00:00Z")
    (failed,) = await l01.runs.claim("w", 1, 60)
    await l01.runs.move(failed["id"], failed["token"], "failed", error={"code": "E1", "detail": "no"})

    schedule = await l01.schedules.create(agent_id=agent_id, name="s", at="2026-01-01T00:00:00Z")
    await l01.schedules.fire()
    await l01.schedules.update(schedule["id"], {"cron": "*/5 * * * *", "at": None})
    await l01.schedules.delete(schedule["id"])
    await l01.budgets.delete((await l01.budgets.create(scope="all", max_tokens=1))["id"])
