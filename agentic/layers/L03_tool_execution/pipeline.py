"""One call of a tool, from the name that a model gave to the outcome that it reads.

    exists and enabled → permitted → arguments valid → breaker and limits → a person asked → reserved → carried out →
    result valid → recorded

What goes wrong before the reservation never happened. What is reserved happens once, and has one end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, cast

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import ConsumedError, InvalidError
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.ids import now, timestamp, uuid7
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.approval import Approval
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L03_tool_execution.approvals import Approvals, refusal
from agentic.layers.L03_tool_execution.breaker import Breakers
from agentic.layers.L03_tool_execution.carrying import Carrying
from agentic.layers.L03_tool_execution.errors import (
    ArgumentsError,
    DefinitionError,
    DisabledToolError,
    LimitedError,
    NotApprovedError,
    NotPermittedError,
    ToolLayerError,
    UnknownOutcomeError,
    UnknownToolError,
)
from agentic.layers.L03_tool_execution.ledger import DONE_AGAIN, Entry, Ledger, effect_key
from agentic.layers.L03_tool_execution.limits import Limits
from agentic.layers.L03_tool_execution.models import Outcome
from agentic.layers.L03_tool_execution.registry import Registry, listed, named
from agentic.layers.L03_tool_execution.tool import Rules, Tool
from agentic.layers.L03_tool_execution.validation import schema_of

_INVALID: Final = (UnknownToolError, ArgumentsError, DefinitionError)
_DENIED: Final = (DisabledToolError, NotPermittedError, NotApprovedError)


@dataclass(frozen=True)
class Wanted:
    """A call, as it was asked for."""

    name: str
    arguments: Any
    agent_id: str | None = None
    configuration: Mapping[str, Any] | None = None
    run: RunRef | None = None
    call_id: str | None = None
    approval_id: str | None = None

    @property
    def key(self) -> str | None:
        """What makes it the same call when it is made again."""
        return effect_key(self.name, self.arguments, self.run, self.call_id)


class Pipeline:
    """Makes calls."""

    def __init__(
        self,
        client: Callable[[], L01Client],
        registry: Registry,
        ledger: Ledger,
        approvals: Approvals,
        limits: Limits,
        breakers: Breakers,
        carrying: Carrying,
    ) -> None:
        self._client = client
        self._registry = registry
        self._ledger = ledger
        self._approvals = approvals
        self._limits = limits
        self._breakers = breakers
        self._carrying = carrying

    async def call(self, wanted: Wanted) -> Outcome:
        """The outcome of a call.

        Raises:
            FencedError, StateError: the run is another worker's, or over: nothing was done.
            PlatformError: the data layer does not answer.
        """
        key = wanted.key or f"call:{uuid7()}"
        tool: Tool | None = None
        try:
            arguments = parsed(wanted.name, wanted.arguments)
            tool = await self._permitted(wanted)
            if errors := schema_of(tool.parameters).errors(arguments):
                raise ArgumentsError.of(tool.name, errors)
            self._breakers.of(tool.name).admit(tool.name)
        except ToolLayerError as error:
            return await self._refused(wanted, key, tool, error)
        try:
            async with self._limits.turn(tool):
                return await self._reserved(wanted, key, tool, arguments)
        except LimitedError as error:
            return await self._refused(wanted, key, tool, error)
        finally:
            self._breakers.of(tool.name).left()

    # -- who may call what

    async def _permitted(self, wanted: Wanted) -> Tool:
        tool = await self._registry.find(wanted.name)
        if not tool.enabled:
            raise DisabledToolError(f"{tool.name} is switched off.")
        if wanted.agent_id is not None:
            configuration = wanted.configuration
            if configuration is None:
                configuration = (await self._client().agents.get(wanted.agent_id))["configuration"]
            rules = listed(tool.name, named(configuration))
            if rules is None:
                raise NotPermittedError(f"{tool.name} is not among the tools of this agent.")
            tool = replace(tool, rules=tool.rules.overlaid(rules))
        if tool.rules.agents is not None and not await self._is_among(wanted.agent_id, tool.rules):
            raise NotPermittedError(
                f"{tool.name} may be used by certain agents only, and this is none of them."
            )
        return tool

    async def _is_among(self, agent_id: str | None, rules: Rules) -> bool:
        agents = rules.agents or []
        if agent_id is None or agent_id in agents:
            return agent_id is not None
        return bool(agents) and (await self._client().agents.get(agent_id))["name"] in agents

    async def _refused(self, wanted: Wanted, key: str, tool: Tool | None, error: ToolLayerError) -> Outcome:
        """The outcome of a call that is not made now; one that was made before a crash has its own."""
        if wanted.run is not None and wanted.run.token > 1:
            done = await self._ledger.find(key)
            if done is not None and done["status"] not in ("running", "unknown", "permission_denied"):
                return self._ledger.outcome(done)
        told = failure(error)
        if isinstance(error, _INVALID):
            return Outcome("invalid", error=told)
        if isinstance(error, _DENIED):
            return await self._deny(wanted, key, tool, told)
        if isinstance(error, LimitedError) and wanted.run is not None:
            until = now() + timedelta(seconds=error.members["retry_after"])
            return Outcome("waiting_time", error=told, until=timestamp(until))
        return Outcome("error", error=told)

    async def _deny(self, wanted: Wanted, key: str, tool: Tool | None, told: dict[str, Any]) -> Outcome:
        """Keeps a refusal, so that what an agent tried can be seen."""
        if tool is None:
            try:
                tool = await self._registry.find(wanted.name)
            except ToolLayerError:
                return Outcome("permission_denied", error=told)
        entry = await self._ledger.reserve(key, tool, wanted.arguments, wanted.agent_id, wanted.run)
        if not entry.fresh:
            if entry.execution["status"] not in ("running", "unknown"):
                return self._ledger.outcome(entry.execution)
            await self._ledger.unknown(entry.execution)
            return Outcome("permission_denied", error=told, execution_id=entry.execution["id"])
        return await self._ledger.record(entry.execution["id"], Outcome("permission_denied", error=told))

    # -- approval and reservation

    async def _reserved(self, wanted: Wanted, key: str, tool: Tool, arguments: dict[str, Any]) -> Outcome:
        approval: Approval | None = None
        if self._approvals.wanted(tool, arguments):
            try:
                approval = await self._approvals.of_call(
                    tool, arguments, key, wanted.agent_id, wanted.run, wanted.approval_id
                )
            except ToolLayerError as error:
                return Outcome("permission_denied", error=failure(error))
            if approval["status"] == "pending":
                return Outcome("waiting_approval", approval_id=approval["id"])
            if approval["status"] in ("denied", "expired") and not tool.asks:
                return await self._deny(wanted, key, tool, failure(refusal(approval)))
        usable = approval is not None and approval["status"] == "approved"
        try:
            entry = await self._ledger.reserve(
                key,
                tool,
                arguments,
                wanted.agent_id,
                wanted.run,
                approval["id"] if usable and approval else None,
            )
        except ConsumedError:
            # Used meanwhile: by this call, which then has an execution, or by another one.
            found = await self._ledger.find(key)
            if found is None:
                return Outcome(
                    "permission_denied", error=failure(NotApprovedError("The approval was used already."))
                )
            entry = Entry(found, fresh=False)
        if entry.fresh and approval is not None and not usable and not tool.asks:
            # It was used up, yet not by this call.
            told = failure(refusal(approval))
            return await self._ledger.record(entry.execution["id"], Outcome("permission_denied", error=told))
        return await self._known_or_done(wanted, key, tool, arguments, entry, approval)

    async def _known_or_done(
        self,
        wanted: Wanted,
        key: str,
        tool: Tool,
        arguments: dict[str, Any],
        entry: Entry,
        approval: Approval | None,
    ) -> Outcome:
        execution, fresh = entry
        if not fresh:
            if execution["status"] not in ("running", "unknown"):
                return await self._recorded(wanted, key, tool, arguments, execution)
            if not execution["idempotent"]:
                return await self._nobody_knows(wanted, key, tool, arguments, entry)
            if not self._goes_on(tool, entry):
                execution = await self._ledger.again(execution, wanted.run)
        return await self._carrying.out(
            tool, arguments, wanted.agent_id, wanted.run, wanted.call_id, execution, approval
        )

    @staticmethod
    def _goes_on(tool: Tool, entry: Entry) -> bool:
        """A call that waits for time is the same attempt until its time has come: it counts from its first beginning."""
        return tool.waits and entry.execution["status"] == "running"

    async def _recorded(
        self, wanted: Wanted, key: str, tool: Tool, arguments: dict[str, Any], execution: Any
    ) -> Outcome:
        output = execution["output_result"]
        if isinstance(output, dict) and DONE_AGAIN in output and execution["status"] == "error":
            after = await self._ledger.get(str(cast("dict[str, Any]", output)[DONE_AGAIN]))
            return await self._known_or_done(
                wanted, str(after["effect_key"]), tool, arguments, Entry(after, fresh=False), None
            )
        return self._ledger.outcome(execution)

    async def _nobody_knows(
        self, wanted: Wanted, key: str, tool: Tool, arguments: dict[str, Any], entry: Entry
    ) -> Outcome:
        """A call of which nobody saw the end, and which may not simply be made again."""
        execution = entry.execution
        await self._ledger.unknown(execution)
        told = failure(UnknownOutcomeError())
        if wanted.run is None:
            return Outcome("unknown", error=told, execution_id=execution["id"])
        approval = await self._approvals.after(execution, tool.name, wanted.run)
        status = approval["status"]
        if status == "pending":
            return Outcome("unknown", error=told, execution_id=execution["id"], approval_id=approval["id"])
        if status in ("denied", "expired"):
            detail = f"It is not known whether {tool.name} was carried out. {refusal(approval).detail}"
            ending = Outcome("error", error={"code": UnknownOutcomeError.code, "detail": detail})
            return await self._ledger.settle(execution, ending)
        # To say how it ended answers the question with yes: so that is looked at after the question, or it would be done twice.
        execution = await self._ledger.get(execution["id"])
        if execution["status"] not in ("running", "unknown"):
            return await self._recorded(wanted, key, tool, arguments, execution)
        again = f"{key[:200]}:{approval['id']}"
        used = approval["id"] if status == "approved" else None
        try:
            after = await self._ledger.reserve(again, tool, arguments, wanted.agent_id, wanted.run, used)
        except ConsumedError:
            after = await self._ledger.reserve(again, tool, arguments, wanted.agent_id, wanted.run)
        await self._ledger.superseded(execution, after.execution)
        return await self._known_or_done(wanted, again, tool, arguments, after, None)


def parsed(name: str, arguments: Any) -> dict[str, Any]:
    """The arguments as an object; models send them as text too.

    Raises:
        ArgumentsError: they are none.
    """
    if isinstance(arguments, str):
        try:
            arguments = jsonio.decode(arguments) if arguments.strip() else {}
        except InvalidError as error:
            reason = error.detail.removeprefix("body: ")
            raise ArgumentsError.of(name, [{"field": "arguments", "message": reason}]) from None
    if arguments is None:
        return {}
    if not isinstance(arguments, dict):
        message = f"must be a JSON object, not {type(arguments).__name__}"
        raise ArgumentsError.of(name, [{"field": "arguments", "message": message}])
    try:
        return jsonio.check(arguments, "arguments")
    except InvalidError as error:
        raise ArgumentsError.of(name, error.members["errors"]) from None


def failure(error: PlatformError, redact: Callable[[str], str] = str) -> dict[str, Any]:
    """An error as an outcome has it."""
    told: dict[str, Any] = {"code": error.code, "detail": redact(error.detail)}
    for name in ("errors", "retry_after"):
        if name in error.members:
            told[name] = error.members[name]
    return told
