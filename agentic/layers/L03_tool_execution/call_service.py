"""Calls of tools as they come over HTTP, and what a person says about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.operation import Answer, Call, Operation, Route, validated
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L03_tool_execution.breaker import Breakers
from agentic.layers.L03_tool_execution.builtin.sandbox import available
from agentic.layers.L03_tool_execution.calls import STILL_RUNNING, Calls
from agentic.layers.L03_tool_execution.errors import ToolLayerError
from agentic.layers.L03_tool_execution.models import (
    CallCheck,
    CatalogueQuestion,
    PlannedCalls,
    Resolution,
    ToolCall,
    ToolCancel,
    ToolDescription,
    ToolOutcome,
    Workings,
)
from agentic.layers.L03_tool_execution.pipeline import Wanted, parsed
from agentic.layers.L03_tool_execution.registry import Registry, listed, named
from agentic.layers.L03_tool_execution.settings import L03Settings
from agentic.layers.L03_tool_execution.threads import stuck
from agentic.layers.L03_tool_execution.validation import schema_of

PATIENCE: Final = 15.0
"""Seconds after which a request for a call that still runs is answered with that: its connection is not kept for an hour."""


class CallService:
    """Answers requests for calls."""

    def __init__(
        self,
        client: Callable[[], L01Client],
        registry: Registry,
        calls: Calls,
        breakers: Breakers,
        settings: L03Settings,
    ) -> None:
        self._client = client
        self._registry = registry
        self._calls = calls
        self._breakers = breakers
        self._settings = settings

    async def told(self, configuration: dict[str, Any] | None) -> list[ToolDescription]:
        """What a model is told of the tools of an agent; without a configuration, of all that are enabled."""
        tools = [tool for tool in await self._registry.all() if tool.enabled]
        if configuration is not None:
            entries = named(configuration)
            tools = [tool for tool in tools if listed(tool.name, entries) is not None]
        return [ToolDescription(**tool.told()) for tool in tools]

    async def catalogue(self, call: Call) -> Answer:
        """The tools of an agent, by its configuration, as a model is told of them."""
        question = validated(CatalogueQuestion, call.body)
        return Answer(jsonio.encode({"items": await self.told(question.configuration)}))

    async def check(self, call: Call) -> Answer:
        """Whether calls could be made, and what is wrong with their arguments. None is made."""
        planned = validated(PlannedCalls, call.body).calls
        items = [await self._checked(each.name, each.arguments) for each in planned]
        return Answer(jsonio.encode({"items": items}))

    async def _checked(self, name: str, arguments: object) -> CallCheck:
        try:
            tool = await self._registry.find(name)
            if not tool.enabled:
                return {"detail": f"{name} is switched off.", "errors": []}
            errors = schema_of(tool.parameters).errors(parsed(name, arguments))
        except ToolLayerError as error:
            return {"detail": error.detail, "errors": error.members.get("errors", [])}
        return {"detail": None, "errors": errors}

    async def execute(self, call: Call) -> Answer:
        """Calls a tool. While the tool runs for long, the status is `running`: ask again with the same body."""
        wanted = wanted_from(validated(ToolCall, call.body))
        outcome = await self._calls.outcome(wanted, PATIENCE)
        return Answer(jsonio.encode(STILL if outcome is None else outcome._asdict()))

    async def cancel(self, call: Call) -> Answer:
        """Ends a call that runs in this process."""
        wanted = wanted_from(validated(ToolCancel, call.body).call)
        return Answer(jsonio.encode({"cancelled": await self._calls.cancel(wanted)}))

    async def resolve(self, call: Call) -> Answer:
        """Says how a call ended of which nobody saw the end, or has it done again; the run that waits for it goes on."""
        said = validated(Resolution, call.body)
        l01 = self._client()
        execution = await l01.tool_executions.get(call.path["id"])
        if said.outcome != "again":
            execution = await l01.tool_executions.resolve(
                execution["id"], said.outcome, said.output, said.error or _error(said), said.by
            )
        elif execution["run_id"] is not None:
            async for approval in l01.approvals.all(run_id=execution["run_id"], status="pending"):
                if approval["execution_id"] == execution["id"]:
                    await l01.approvals.decide(approval["id"], "approved", said.by, said.error)
        return Answer(jsonio.encode(execution), execution["version"])

    async def workings(self, call: Call) -> Answer:
        """What this process does at the moment: calls, breakers, threads that do not end, and which sandbox it has."""
        told: Workings = {
            "running": len(self._calls),
            "stuck_threads": stuck(),
            "breakers": [
                {"name": name, "breaker": self._breakers.of(name).state} for name in self._breakers.open()
            ],
            "sandbox": available(self._settings),
        }
        return Answer(jsonio.encode(told))

    def passed_on(self, operation: Operation) -> Route:
        """A route that hands a request to the data layer as it is."""

        async def handler(call: Call) -> Answer:
            return await self._client().answer(operation, call)

        handler.__doc__ = f"`{operation.method} {operation.path}` of the data layer."
        return Route(operation, handler)


STILL: Final[ToolOutcome] = {
    "status": STILL_RUNNING,
    "output": None,
    "error": None,
    "execution_id": None,
    "approval_id": None,
    "until": None,
}


def wanted_from(call: ToolCall) -> Wanted:
    """A call as the pipeline has it."""
    run = call.run and RunRef(str(call.run.run_id), call.run.token, call.run.step)
    return Wanted(
        call.name,
        call.arguments,
        call.agent_id and str(call.agent_id),
        call.configuration,
        run,
        call.call_id,
        call.approval_id and str(call.approval_id),
    )


def _error(said: Resolution) -> str | None:
    return "A person says that it failed." if said.outcome == "error" else None
