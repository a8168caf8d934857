"""One step of a run with all that is behind it: the model call, the tool execution, the events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, NamedTuple, TypeVar

from agentic.layers.base import jsonio
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.error_codes import NotFoundError
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L01_data_layer.models.model_usage import ModelUsage
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L01_data_layer.models.tool import ToolExecution
from agentic.layers.L10_human_interface.rows import EventRow, Rows
from agentic.layers.L10_human_interface.run_lines import Line, line_of_step

EVENTS: Final = 10
"""Of each thing behind a step."""

T = TypeVar("T")


class StepRecord(NamedTuple):
    """A step as its page shows it."""

    run: Run
    step: RunStep
    line: Line
    call: ModelUsage | None
    execution: ToolExecution | None
    events: list[EventRow]
    previous: int | None
    following: int | None
    size: int
    """Bytes of the step as JSON."""


async def step_record(l01: L01Client, rows: Rows, run_id: str, number: int) -> StepRecord:
    """One step.

    Raises:
        NotFoundError: the run has no such step.
    """
    run, steps = await asyncio.gather(
        l01.runs.get(run_id), l01.runs.steps(run_id, after=max(number - 1, 0), limit=2)
    )
    if not steps or steps[0]["number"] != number:
        raise NotFoundError(f"The run {run_id} has no step {number}.")
    step = steps[0]
    call, execution, events = await asyncio.gather(
        _one(l01.usage.get(step["usage_id"])) if step["usage_id"] else _none(),
        _one(l01.tool_executions.get(step["execution_id"])) if step["execution_id"] else _none(),
        events_of(l01, step["id"], step["usage_id"], step["execution_id"]),
    )
    return StepRecord(
        run,
        step,
        line_of_step(step, call),
        call,
        execution,
        await rows.of_events(events),
        number - 1 if number > 1 else None,
        steps[1]["number"] if len(steps) > 1 else None,
        len(jsonio.encode(step)),
    )


async def events_of(l01: L01Client, *ids: str | None) -> list[Event]:
    """The events of these records, in their order."""
    pages = await asyncio.gather(
        *(l01.events.list(aggregate_id=record_id, limit=EVENTS) for record_id in ids if record_id)
    )
    events = [event for page in pages for event in page["items"]]
    return sorted(events, key=lambda event: (event["created_at"], event["version"]))


async def _one(asked: Awaitable[T]) -> T | None:
    try:
        return await asked
    except NotFoundError:
        return None


async def _none() -> None:
    return None
