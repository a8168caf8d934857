"""What there is to see when agents have run: every kind of record that a page shows."""

from __future__ import annotations

from typing import Any, NamedTuple

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import Run
from tests.layers.L01.lives import USED, called, taken

ARGUMENTS = {"expression": "6 * 7"}
ANSWER = "It is <b>forty-two</b>, or so."


class Lived(NamedTuple):
    """The ids of what is there."""

    agent: str
    session: str
    run: str
    fork: str
    waiting: str
    approval: str
    tool: str
    execution: str
    unknown: str
    call: str
    cut: str
    budget: str


async def model_step(l01: L01Client, run: Run, text: str, *tools: dict[str, Any], **usage: Any) -> str:
    """A model's answer as a step; answers the id of its call."""
    call = await called(l01, run)
    message = {"role": "assistant", "content": text, "tool_calls": list(tools)}
    await l01.runs.step(
        run["id"],
        run["token"],
        kind="model",
        name="small",
        input={"seen": 0, "provider": "p", "model": "m-2026"},
        output={"message": message, "finish_reason": "stop"},
        usage_id=call,
        usage={**USED, **usage},
        started_at=run["started_at"],
    )
    return call


async def lived(l01: L01Client) -> Lived:
    """An agent that has answered, one that waits, a call that was cut, an outcome that nobody saw."""
    agent = await l01.create_agent("researcher", config={"model": "small", "instructions": "Be brief."})
    session = await l01.sessions.create(agent_id=agent["id"], session_type="conversation")
    tool = await l01.register_tool("calculator", {"type": "object"}, "Works out <i>expressions</i>.")
    run = await taken(l01, agent_id=agent["id"], session_id=session["id"], input="What is six times seven?")
    cut = await called(l01, run)
    await l01.usage.cut_off(cut, {**USED, "cost": 0.005})
    function = {"id": "c1", "type": "function", "function": {"name": "calculator", "arguments": ARGUMENTS}}
    call = await model_step(l01, run, "Let me see.", function)
    reserved = await l01.tool_executions.reserve(
        "e1",
        tool_id=tool["id"],
        agent_id=agent["id"],
        run_id=run["id"],
        step=2,
        token=run["token"],
        input_params=ARGUMENTS,
    )
    execution = reserved["execution"]["id"]
    await l01.tool_executions.record(execution, "success", 42)
    await l01.runs.step(
        run["id"],
        run["token"],
        kind="tool",
        name="calculator",
        input={"asked": 1, "index": 0, "arguments": ARGUMENTS},
        output=42,
        execution_id=execution,
        started_at=run["started_at"],
    )
    await model_step(l01, run, ANSWER, cost=None, cost_known=False)
    await l01.runs.move(run["id"], run["token"], "completed", output=ANSWER)
    waiting = await taken(l01, agent_id=agent["id"], input={"text": "Order <it>"})
    approval = await l01.approvals.create(
        run_id=waiting["id"],
        agent_id=agent["id"],
        title="Use order?",
        request={"tool": "order", "arguments": {"item": "<lamp>", "count": 3}},
        expires_at="2100-01-01T00:00:00Z",
    )
    await l01.runs.move(waiting["id"], waiting["token"], "waiting_approval")
    fork = await l01.runs.fork(run["id"], 2, {"model": "large"})  # Last: whoever claims would get it.
    unknown = await l01.record_tool_execution(tool["id"], agent["id"], {"n": 1}, status="unknown")
    budget = await l01.budgets.create(scope="agent", subject=agent["id"], period="day", max_cost=0.5)
    return Lived(
        agent["id"],
        session["id"],
        run["id"],
        fork["id"],
        waiting["id"],
        approval["id"],
        tool["id"],
        execution,
        unknown["id"],
        call,
        cut,
        budget["id"],
    )


def addresses(there: Lived) -> list[str]:
    """Every page about it."""
    run, agent = f"/runs/{there.run}", f"/agents/{there.agent}"
    return [
        "/runs",
        "/runs?status=completed",
        f"/runs?agent_id={there.agent}&order=asc",
        run,
        f"{run}?open=2",
        f"{run}/steps/1",
        f"{run}/steps/2",
        f"{run}/fork",
        f"/runs/{there.fork}",
        f"/runs/{there.waiting}",
        f"/runs/{there.waiting}/cancel",
        f"/runs/compare?a={there.run}&b={there.fork}",
        "/runs/compare",
        "/tools",
        f"/tools?status=success&tool_id={there.tool}",
        f"/tools?open={there.execution}",
        f"/tools/{there.tool}",
        f"/executions/{there.execution}",
        f"/executions/{there.unknown}",
        "/approvals",
        "/approvals?status=any",
        "/approvals?status=denied",
        "/usage",
        "/usage?range=7d",
        "/usage?range=all&status=cut",
        f"/usage?run_id={there.run}&open={there.cut}",
        f"/usage/{there.call}",
        f"/usage/{there.cut}",
        agent,
        f"{agent}?session={there.session}",
        f"{agent}/timeline",
        f"{agent}/sessions",
        f"{agent}/usage",
        f"{agent}/configuration",
        f"{agent}/run",
    ]
