"""Runs as they were lived, made without a runtime: their steps are written by hand, as a worker writes them."""

from __future__ import annotations

import json
from typing import Any

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import Run

WORKER = "test"


async def an_agent(l01: L01Client, **configuration: Any) -> str:
    agent = await l01.create_agent("clerk", "general", {"model": "small", **configuration})
    return (await l01.update_agent(agent["id"], {"status": "active"}))["id"]


async def a_run(
    l01: L01Client,
    agent_id: str,
    value: Any,
    *answers: Any,
    session_id: str | None = None,
    end: str = "completed",
) -> Run:
    """A run that is over. An answer is a text, or the name of a tool with its arguments and its result."""
    made = await l01.runs.create(agent_id=agent_id, input=value, session_id=session_id)
    return await carry(l01, made["id"], *answers, end=end)


async def carry(l01: L01Client, run_id: str, *answers: Any, end: str = "completed") -> Run:
    """Takes the run, which must be the only one that is due, writes its steps, and ends it."""
    (run,) = await l01.runs.claim(WORKER, 1)
    assert run["id"] == run_id
    number, output = len(await l01.runs.steps(run_id)), None
    for answer in answers:
        output = answer if isinstance(answer, str) else None
        calls = [] if output is not None else [_call(answer)]
        message = {"role": "assistant", "content": output, **({"tool_calls": calls} if calls else {})}
        step = await l01.runs.step(
            run_id,
            run["token"],
            kind="model",
            name="small",
            input={"seen": number},
            output={"message": message, "finish_reason": "stop"},
        )
        number = step["number"]
        if calls:
            name, arguments, result = answer
            given = {"asked": number, "index": 0, "call_id": "call_0", "arguments": arguments}
            step = await l01.runs.step(
                run_id, run["token"], kind="tool", name=name, input=given, output=result
            )
            number = step["number"]
    error = {"code": "X", "detail": "It broke."} if end == "failed" else None
    moved = await l01.runs.move(run_id, run["token"], end, output=output, error=error)
    if moved["session_id"] is not None and end == "completed":
        session = await l01.sessions.get(moved["session_id"])
        turns = [*session["context"].get("turns", []), run_id]
        await l01.sessions.update(session["id"], {"context": {**session["context"], "turns": turns}})
    return moved


def _call(answer: tuple[str, dict[str, Any], Any]) -> dict[str, Any]:
    function = {"name": answer[0], "arguments": json.dumps(answer[1])}
    return {"id": "call_0", "type": "function", "function": function}
