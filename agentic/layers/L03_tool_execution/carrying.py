"""Carrying a reserved call out: in its time, again where that is harmless, with a result that can be kept; then its record."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import structlog

from agentic.layers.base.errors import PlatformError
from agentic.layers.base.ids import timestamp
from agentic.layers.L01_data_layer.models.approval import Approval
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L01_data_layer.models.tool import ToolExecution
from agentic.layers.L03_tool_execution.breaker import Breakers
from agentic.layers.L03_tool_execution.errors import (
    EndedError,
    ResultError,
    ToolFailedError,
    ToolLayerError,
    ToolTimeoutError,
)
from agentic.layers.L03_tool_execution.ledger import Ledger
from agentic.layers.L03_tool_execution.models import Outcome
from agentic.layers.L03_tool_execution.results import checked, cut, storable_text
from agentic.layers.L03_tool_execution.settings import L03Settings
from agentic.layers.L03_tool_execution.tool import Redaction, Tool, ToolContext, Until

log = structlog.get_logger()

T = TypeVar("T")

GRACE: Final = 4.0
"""Seconds for which the end of a tool that was cancelled is waited for."""
LONGEST_ERROR: Final = 4000


class Carrying:
    """Runs tools."""

    def __init__(self, ledger: Ledger, breakers: Breakers, settings: L03Settings) -> None:
        self._ledger = ledger
        self._breakers = breakers
        self._settings = settings
        self.stopping = False
        """The platform stops: what is ended now was not cancelled by anybody, and is left as it was reserved."""

    async def out(
        self,
        tool: Tool,
        arguments: dict[str, Any],
        agent_id: str | None,
        run: RunRef | None,
        call_id: str | None,
        execution: ToolExecution,
        approval: Approval | None,
    ) -> Outcome:
        """The outcome of a reserved call, recorded."""
        context = ToolContext(
            tool=tool.name,
            agent_id=agent_id,
            run=run,
            call_id=call_id,
            execution_id=execution["id"],
            started_at=_moment(execution["started_at"]),
            approval=approval,
            timeout=tool.rules.timeout or self._settings.timeout,
            redact=Redaction({}),
        )
        try:
            outcome = await self._outcome(tool, context, arguments)
        except asyncio.CancelledError:
            await _whatever_happens(self._ended(execution["id"], run))
            raise
        if outcome.status == "waiting_time":
            return outcome._replace(execution_id=execution["id"])
        return await _whatever_happens(self._ledger.record(execution["id"], outcome))

    async def _ended(self, execution_id: str, run: RunRef | None) -> None:
        """Records that somebody cancelled a call.

        A worker that only lets go of a run cancels nothing: the call stays as it was reserved, for who takes the run up.
        """
        if not self.stopping and (run is None or await self._ledger.is_cancelled(run)):
            told = {"code": EndedError.code, "detail": EndedError.default_detail()}
            await self._ledger.record(execution_id, Outcome("cancelled", error=told))

    async def _outcome(self, tool: Tool, context: ToolContext, arguments: dict[str, Any]) -> Outcome:
        breaker = self._breakers.of(tool.name)
        redact = context.redact
        output: Any = None
        try:
            raw = await self._tried(tool, context, arguments)
            if isinstance(raw, Until):
                return Outcome("waiting_time", until=timestamp(raw.moment))
            output = cut(redact.value(raw), tool.rules.max_output or self._settings.max_output)
            checked(tool, raw)
        except ToolLayerError as error:
            (breaker.failed if error.breaks else breaker.succeeded)()
            told: dict[str, Any] = {"code": error.code, "detail": _told(redact, error.detail)}
            if "errors" in error.members:
                told["errors"] = redact.value(error.members["errors"])
            status = "timeout" if isinstance(error, ToolTimeoutError) else "error"
            return Outcome(status, output if isinstance(error, ResultError) else None, told)
        breaker.succeeded()
        return Outcome("success", output)

    async def _tried(self, tool: Tool, context: ToolContext, arguments: dict[str, Any]) -> Any:
        """What the tool gives, at the first or a later attempt; made fit to be kept."""
        retries = self._settings.retries if tool.rules.retries is None else tool.rules.retries
        attempts = 1 + (retries if tool.rules.idempotent else 0)
        pause = self._settings.first_pause
        for attempt in range(1, attempts + 1):
            try:
                return await self._once(tool, replace(context), arguments)
            except ToolLayerError as error:
                if not error.again or attempt == attempts:
                    raise
                log.info(
                    "a tool is tried again",
                    tool=tool.name,
                    attempt=attempt,
                    reason=context.redact.text(error.detail),
                )
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause *= 2
        raise AssertionError("unreachable")

    async def _once(self, tool: Tool, context: ToolContext, arguments: dict[str, Any]) -> Any:
        """One attempt, in a task of its own: a tool that does not let itself be cancelled holds up nobody."""
        task = asyncio.ensure_future(tool.run(context, arguments))
        try:
            await asyncio.wait([task], timeout=context.timeout)
        except asyncio.CancelledError:
            await _end(task, tool.name)
            raise
        if not task.done():
            await _end(task, tool.name)
            raise ToolTimeoutError(f"{tool.name} did not answer within {context.timeout:g} s, and was ended.")
        try:
            return task.result()
        except ToolLayerError:
            raise
        except PlatformError as error:
            raise ToolFailedError(error.detail) from None
        except asyncio.CancelledError:
            raise ToolFailedError(f"{tool.name} cancelled itself.") from None
        except Exception as error:
            raise ToolFailedError(f"{type(error).__name__}: {error}".rstrip(": ")) from None


def _told(redact: Redaction, detail: str) -> str:
    text = storable_text(redact.text(detail))
    return text if len(text) <= LONGEST_ERROR else f"{text[:LONGEST_ERROR]}…"


async def _end(task: asyncio.Future[Any], name: str) -> None:
    task.cancel()
    await asyncio.wait([task], timeout=GRACE)
    if not task.done():
        log.warning("a tool does not end", tool=name)
        task.add_done_callback(_seen)
    else:
        _seen(task)


def _seen(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()  # else it would be reported as forgotten


async def _whatever_happens(record: Awaitable[T]) -> T:
    """The end of a call is written although the caller goes away."""
    task = asyncio.ensure_future(record)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        _seen(task)
        raise asyncio.CancelledError
    return task.result()


def _moment(text: str | None) -> datetime:
    return datetime.fromisoformat(text) if text else datetime.now(UTC)
