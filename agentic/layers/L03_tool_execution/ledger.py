"""The effect ledger: a call is reserved before it is made and recorded after, so that no crash makes it happen twice.

Under one key there is one execution. Who reserves it carries it out; who finds it gets what was recorded. One that was
reserved and not recorded, by a process that is no more, is made again when the tool is idempotent; otherwise nobody
knows, and a person is asked (docs/decisions/0016).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import structlog

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import (
    BusUnavailableError,
    DatabaseUnavailableError,
    StateError,
    TimedOutError,
    UnreachableError,
)
from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L01_data_layer.models.tool import ToolExecution
from agentic.layers.L03_tool_execution.models import Outcome
from agentic.layers.L03_tool_execution.tool import Tool

log = structlog.get_logger()

PASSING: Final = (DatabaseUnavailableError, UnreachableError, TimedOutError, BusUnavailableError)
_CODE: Final = re.compile(r"(E[0-9]{4,5}): ")
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0
DONE_AGAIN: Final = "done_again_as"
"""In the output of an execution that nobody saw the end of: the one by which a person had it done again."""


class Entry(NamedTuple):
    """An execution in the ledger; `fresh` when it is the caller's to carry out."""

    execution: ToolExecution
    fresh: bool


def effect_key(name: str, arguments: Any, run: RunRef | None, call_id: str | None) -> str | None:
    """What makes a call the same call: its run, its step, its tool and its arguments, whatever their order."""
    digest = hashlib.sha256(jsonio.encode([name, ordered(arguments)])).hexdigest()
    if run is not None:
        return f"{run.run_id}:{run.step}:{digest}"
    if call_id is None:
        return None
    return f"call:{hashlib.sha256(call_id.encode(errors='replace')).hexdigest()}:{digest}"


def ordered(value: Any) -> Any:
    """The value with the keys of its objects in order, so that two ways to write it are one."""
    if isinstance(value, dict):
        items: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        return {key: ordered(items[key]) for key in sorted(items)}
    if isinstance(value, list):
        parts: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        return [ordered(item) for item in parts]
    return value


class Ledger:
    """Reserves and records."""

    def __init__(self, client: Callable[[], L01Client], patience: float) -> None:
        self._client = client
        self._patience = patience

    async def reserve(
        self,
        key: str,
        tool: Tool,
        arguments: Any,
        agent_id: str | None,
        run: RunRef | None,
        approval_id: str | None = None,
    ) -> Entry:
        """The execution of this call: begun now, or the one that is there.

        Raises:
            FencedError: the run is another worker's.
            ConsumedError: the approval was not given, or was used before.
        """
        reserved = await self._client().tool_executions.reserve(
            key,
            tool_id=tool.id,
            agent_id=agent_id,
            run_id=run and run.run_id,
            step=run and run.step,
            token=run and run.token,
            input_params=arguments,
            idempotent=bool(tool.rules.idempotent),
            approval_id=approval_id,
        )
        return Entry(reserved["execution"], reserved["fresh"])

    async def find(self, key: str) -> ToolExecution | None:
        """The execution with this key, if there is one."""
        found = (await self._client().tool_executions.list(effect_key=key, limit=1))["items"]
        return found[0] if found else None

    async def get(self, execution_id: str) -> ToolExecution:
        """One execution."""
        return await self._client().tool_executions.get(execution_id)

    async def again(self, execution: ToolExecution, run: RunRef | None) -> ToolExecution:
        """Another attempt at an idempotent one.

        Raises:
            FencedError: the run is another worker's.
        """
        return await self._client().tool_executions.again(execution["id"], run.token if run else None)

    async def record(self, execution_id: str, outcome: Outcome) -> Outcome:
        """Writes how it ended, through an outage of the data layer; answers the end that counts.

        Raises:
            PlatformError: it could not be written in a long while; the execution stays as it was reserved.
        """
        ending = self._recorded(execution_id, outcome)
        try:
            await self._through(lambda: ending(self._client()))
        except StateError:
            return self.outcome(await self.get(execution_id))  # somebody said meanwhile how it ended
        return outcome._replace(execution_id=execution_id)

    def _recorded(self, execution_id: str, outcome: Outcome) -> Callable[[L01Client], Any]:
        told = None if outcome.error is None else f"{outcome.error['code']}: {outcome.error['detail']}"
        return lambda l01: l01.tool_executions.record(execution_id, outcome.status, outcome.output, told)

    async def is_cancelled(self, run: RunRef) -> bool:
        """Whether a run was cancelled; not, when nobody can say."""
        try:
            return (await self._client().runs.get(run.run_id))["status"] == "cancelled"
        except PlatformError:
            return False

    async def unknown(self, execution: ToolExecution) -> None:
        """Says that nobody saw how it ended."""
        if execution["status"] == "running":
            await self._through(lambda: self._client().tool_executions.unknown(execution["id"]))

    async def settle(self, execution: ToolExecution, outcome: Outcome) -> Outcome:
        """Gives one that nobody saw the end of the end that a person's word means."""
        assert outcome.error is not None
        told = f"{outcome.error['code']}: {outcome.error['detail']}"
        try:
            await self._client().tool_executions.resolve(execution["id"], "error", outcome.output, told)
        except StateError:
            return self.outcome(await self.get(execution["id"]))
        return outcome._replace(execution_id=execution["id"])

    async def superseded(self, execution: ToolExecution, by: ToolExecution) -> None:
        """Says of one that nobody saw the end of that a person had it done again."""
        told = f"Nobody saw how it ended; a person had it done again as {by['id']}."
        try:
            await self._client().tool_executions.resolve(
                execution["id"], "error", {DONE_AGAIN: by["id"]}, told
            )
        except StateError:
            return  # it says so already

    def outcome(self, execution: ToolExecution) -> Outcome:
        """What was recorded, as the outcome of the same call made again."""
        status: Any = execution["status"]
        error = None if status == "success" else _error(execution)
        return Outcome(status, execution["output_result"], error, execution["id"])

    async def _through(self, write: Callable[[], Any]) -> None:
        """Writes; an outage is waited out for as long as patience lasts."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        pause = FIRST_PAUSE
        while True:
            try:
                await write()
                return
            except PASSING as error:
                if loop.time() + pause > until:
                    raise
                log.warning("an execution could not be recorded yet", error=str(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


def _error(execution: ToolExecution) -> dict[str, Any]:
    """The error as it was recorded: `CODE: detail`, or what somebody else wrote."""
    text = execution["error_message"] or f"It ended as {execution['status']}."
    found = _CODE.match(text)
    return {"code": found[1], "detail": text[found.end() :]} if found else {"code": "E3008", "detail": text}
