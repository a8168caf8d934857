"""One durable use of a tool, or of another agent: made under a key of its own, so that a crash never makes it twice."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Final

import structlog

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError, UnreachableError
from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.models.error_codes import FencedError, StateError
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L02_agent_runtime.errors import LimitReachedError
from agentic.layers.L02_agent_runtime.journal import UNSURE, Journal, started
from agentic.layers.L02_agent_runtime.limits import Guard, Spending
from agentic.layers.L02_agent_runtime.outcomes import (
    InterruptedRunError,
    Outcome,
    error_of,
    suspended,
    waiting,
)
from agentic.layers.L02_agent_runtime.step_parts import calls_of
from agentic.layers.L02_agent_runtime.subagents import ChildEnd, SubAgents
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.models import Outcome as ToolOutcome

log = structlog.get_logger()

PAUSES: Final = (0.2, 1.0, 3.0)
"""Seconds before another try to reach the tools' layer; the key of the effect sees to it that nothing is done twice."""


class ToolUse:
    """The tools of one run, and the agents among them."""

    def __init__(
        self,
        journal: Journal,
        l03: L03Client,
        agents: SubAgents,
        configuration: Mapping[str, Any],
        guard: Guard,
    ) -> None:
        self._journal = journal
        self._l03 = l03
        self._agents = agents
        self._configuration = configuration
        self._guard = guard
        self.catalogue: list[dict[str, Any]] = []
        """What the model is told of them."""

    async def load(self) -> None:
        """Finds out what there is.

        Raises:
            AgentConfigurationError: the configuration names what is not there.
        """
        agents = await self._agents.load()
        named: list[Any] = self._configuration.get("tools") or []
        others: list[Any] = [tool for tool in named if not (isinstance(tool, Mapping) and "agent" in tool)]
        tools = await self._l03.catalogue({**self._configuration, "tools": others}) if others else []
        self.catalogue = [*({**tool} for tool in tools), *agents]

    async def use(self, answer: RunStep, index: int, spent: Spending) -> Outcome | None:
        """Makes one of the tool calls of an answer and writes its step, or says what it has to wait for.

        Raises:
            InterruptedRunError, FencedError: the run is not ours any more.
            LimitReachedError: it took too long.
        """
        call = calls_of(answer)[index]
        name, arguments, wrong = _read(call)
        # The number that its step would have, were the steps written in the order of the calls: the same whenever and
        # by whomever the call is made, and no other call's.
        slot = answer["number"] + 1 + index
        given = {"asked": answer["number"], "index": index, "call_id": call.get("id"), "arguments": arguments}
        began = started()
        if wrong is not None:
            error = {"status": "invalid", "detail": wrong}
            await self._journal.write("tool", name, started_at=began, given=given, error=error)
            return None
        try:
            async with self._guard.time(spent):
                end = await self.make(name, arguments, slot, str(call.get("id") or ""))
        except LimitReachedError as limit:
            await self._journal.write("tool", name, started_at=began, given=given, error=error_of(limit))
            raise
        if isinstance(end, Outcome):
            return end
        await self.keep(name, given, end, began)
        return None

    async def keep(
        self, name: str, given: Mapping[str, Any], end: ToolOutcome | ChildEnd, began: str
    ) -> RunStep:
        """Writes the step of a call that has ended."""
        if isinstance(end, ChildEnd):
            output, error, execution_id = end.result, end.error, None
        else:
            good = end.status == "success"
            output, execution_id = end.output, end.execution_id
            error = None if good else {"status": end.status, "detail": text_of_error(end.error)}
        return await self._journal.write(
            "tool",
            name,
            started_at=began,
            given=dict(given),
            output=output,
            error=error,
            execution_id=execution_id,
        )

    async def make(
        self, name: str, arguments: dict[str, Any], slot: int, call_id: str
    ) -> ToolOutcome | ChildEnd | Outcome:
        """Makes a call, and answers how it ended or what it has to wait for."""
        if name in self._agents:
            try:
                return await self._agents.call(name, arguments, str(slot))
            except PlatformError as error:
                return _refused(error)
        end = await self._execute(name, arguments, slot, call_id)
        if end.status == "waiting_time":
            return suspended(end.until)
        if end.status == "waiting_approval":
            return waiting(end.until)
        # What nobody saw the end of is for a person to say: the run waits until it is resolved.
        return waiting() if end.status == "unknown" else end

    async def _execute(self, name: str, arguments: dict[str, Any], slot: int, call_id: str) -> ToolOutcome:
        for pause in (*PAUSES, None):
            try:
                return await self._while_held(
                    self._l03.execute(
                        name,
                        arguments,
                        agent_id=self._journal.run["agent_id"],
                        agent_configuration=self._configuration,
                        run=self._journal.ref(slot),
                        call_id=call_id,
                    )
                )
            except UnreachableError as error:
                if pause is None:
                    raise
                log.warning("the tools cannot be reached", run=self._journal.run["id"], error=error.detail)
                await asyncio.sleep(pause)
            except (FencedError, *UNSURE):
                raise
            except StateError as error:  # no effect is reserved for a run that is over
                raise InterruptedRunError(str(error.members.get("current_status", "stopped"))) from error
            except PlatformError as error:
                return _refused(error)
        raise AssertionError("the last try ends the loop")

    async def _while_held(self, call: Coroutine[Any, Any, ToolOutcome]) -> ToolOutcome:
        """The outcome of a call. It is ended when nobody wants it any more, but not when the run goes on elsewhere.

        Then its end belongs into the ledger as it will be; ending it here would say of it that somebody did not want it.
        """
        task = asyncio.ensure_future(call)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if self._journal.hold.ends in ("given back", "lost", "paused"):
                _left.add(task)
                task.add_done_callback(_forget)
            else:
                task.cancel()
                await asyncio.wait({task})
            raise


_left: Final[set[asyncio.Future[ToolOutcome]]] = set()
"""Calls that nobody here waits for any more."""


def _forget(task: asyncio.Future[ToolOutcome]) -> None:
    _left.discard(task)
    if not task.cancelled():
        task.exception()


def _refused(error: PlatformError) -> ToolOutcome:
    return ToolOutcome("error", error={"code": error.code, "detail": error.detail})


def text_of_error(error: Any) -> str:
    """Why a tool did not succeed, in a sentence."""
    if isinstance(error, Mapping):
        return str(error.get("detail") or error.get("message") or dict(error))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    return str(error or "no details")


def _read(call: Mapping[str, Any]) -> tuple[str, dict[str, Any], str | None]:
    """The name and the arguments of a call, and what is wrong with it; nothing, mostly."""
    function: Mapping[str, Any] = call.get("function") or {}
    raw: Any
    name, raw = str(function.get("name") or "unnamed")[:255], function.get("arguments")
    if isinstance(raw, str):
        try:
            raw = jsonio.decode(raw) if raw.strip() else {}
        except InvalidError as error:
            return name, {}, f"The arguments are not JSON: {error.detail}"
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        return name, {}, "The arguments must be a JSON object."
    return name, raw, None  # pyright: ignore[reportUnknownVariableType]
