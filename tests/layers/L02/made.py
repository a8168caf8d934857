"""Steps and runs, made by hand, for what is decided from them alone."""

from __future__ import annotations

import json
from typing import Any

from agentic.layers.L01_data_layer.models.run_step import RunStep

AT = "2026-11-26T12:00:00.000000Z"


def step(number: int, kind: str, **fields: Any) -> RunStep:
    made: Any = {
        "id": f"step-{number}",
        "run_id": "run",
        "number": number,
        "kind": kind,
        "name": kind,
        "status": "completed",
        "input": None,
        "output": None,
        "error": None,
        "input_tokens": 0,
        "output_tokens": 0,
        "cost": 0.0,
        "usage_id": None,
        "execution_id": None,
        "copied_from": None,
        "started_at": AT,
        "completed_at": AT,
        "created_at": AT,
        "version": 1,
    }
    return {**made, **fields}


def asked(
    number: int, *calls: tuple[str, Any], text: str = "", seen: int | None = None, **fields: Any
) -> RunStep:
    """A model's answer: a text, or calls of tools."""
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    if calls:
        message["tool_calls"] = [
            {
                "id": f"call_{i}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            for i, (name, arguments) in enumerate(calls)
        ]
    given = {"seen": number - 1 if seen is None else seen, **fields.pop("given", {})}
    return step(number, "model", input=given, output={"message": message, "finish_reason": "stop"}, **fields)


def used(number: int, asked_in: int, index: int, output: Any = "ok", **fields: Any) -> RunStep:
    """The result of a tool."""
    given = {"asked": asked_in, "index": index, "arguments": fields.pop("arguments", {})}
    return step(number, "tool", input=given, output=output, **fields)


def said(number: int, content: str) -> RunStep:
    """A message into the run."""
    return step(number, "message", input={"content": content})
