"""Waiting for time, and asking a person: the run is put aside meanwhile, and holds nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from agentic.layers.base.ids import now, timestamp
from agentic.layers.L03_tool_execution.errors import ToolRefusedError
from agentic.layers.L03_tool_execution.functions import from_function
from agentic.layers.L03_tool_execution.tool import Rules, Tool, ToolContext, Until


def tools() -> list[Tool]:
    """Both."""
    asked = from_function(ask_person, rules=Rules(idempotent=True))
    return [_waiting(), replace(asked, asks=True, result=None)]


def _waiting() -> Tool:
    made = from_function(wait, rules=Rules(idempotent=True))

    async def run(context: ToolContext, arguments: dict[str, Any]) -> Any:
        seconds = float(arguments["seconds"])
        begun = context.started_at or now()
        until = begun + timedelta(seconds=seconds)
        return {"waited_seconds": seconds, "now": timestamp()} if now() >= until else Until(until)

    return replace(made, run=run, result=None, waits=True)


def wait(seconds: Annotated[float, Field(ge=0, le=30 * 86_400)]) -> None:
    """Waits before going on. Long waits cost nothing.

    Args:
        seconds: How long; at most 30 days.
    """


async def ask_person(
    question: Annotated[str, Field(min_length=1, max_length=2000)], context: ToolContext
) -> dict[str, Any]:
    """Asks a person a question, and gives the answer. It may take hours.

    Args:
        question: With all that is needed to answer it.
        context: Who asks, and what was answered.
    """
    decision = context.approval
    if decision is None:
        raise ToolRefusedError("Nobody was asked.")
    return {
        "answer": {"approved": "yes", "consumed": "yes", "denied": "no"}.get(
            decision["status"], "nobody answered in time"
        ),
        "remark": decision["reason"],
        "by": decision["decided_by"],
    }
