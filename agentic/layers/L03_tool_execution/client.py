"""`L03Client`: tools, told of and called; a call when the layer lives in this process and HTTP when it does not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from agentic.layers.base.backends import Backend, HttpBackend
from agentic.layers.base.common_errors import UnreachableError
from agentic.layers.base.operation import Call
from agentic.layers.L03_tool_execution import errors
from agentic.layers.L03_tool_execution.models import (
    CANCEL,
    CATALOGUE,
    CHECK_CALLS,
    EXECUTE,
    RESOLVE,
    WORKINGS,
    CallCheck,
    Outcome,
    RunRef,
    ToolDescription,
    Workings,
)

__all__ = ["L03Client", "Outcome", "RunRef", "ToolDescription", "Workings", "errors"]
# With the errors: what is refused over HTTP is raised here as the class that it was.

DEFAULT_URL: Final = "http://localhost:8004"
URL_VARIABLE: Final = "PLATFORM_L03_URL"
STILL_RUNNING: Final = "running"
PATIENCE: Final = 30.0
"""Seconds for which a layer that does not answer is asked again about a call: it may only have been started anew."""
AGAIN: Final = 0.5


class L03Client:
    """The tool layer; without an address the one in `PLATFORM_L03_URL`, or else its own port on this machine."""

    def __init__(self, base_url: str | None = None, *, backend: Backend | None = None) -> None:
        self.backend = backend or HttpBackend("L03", base_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL)

    async def catalogue(self, agent_configuration: Mapping[str, Any] | None = None) -> list[ToolDescription]:
        """What a model is told of an agent's tools: name, description and the JSON Schema of the arguments.

        Without a configuration: all tools that are enabled.
        """
        body = {} if agent_configuration is None else {"configuration": dict(agent_configuration)}
        return (await self.backend.call(CATALOGUE, Call(body=body)))["items"]

    async def check(self, calls: Sequence[tuple[str, Any]]) -> list[CallCheck]:
        """What stands against calls (name and arguments) that are not made yet, each in its place."""
        body = {"calls": [{"name": name, "arguments": arguments} for name, arguments in calls]}
        return (await self.backend.call(CHECK_CALLS, Call(body=body)))["items"]

    async def execute(
        self,
        name: str,
        arguments: Any,
        *,
        agent_id: str | None = None,
        agent_configuration: Mapping[str, Any] | None = None,
        run: RunRef | None = None,
        call_id: str | None = None,
        approval_id: str | None = None,
    ) -> Outcome:
        """Calls a tool and waits for the outcome, which says what went wrong, if something did.

        In a run it happens once, however often it is called with the same step and arguments; without a run, once under
        the same `call_id`. When the waiting task is cancelled, the call is ended.

        Raises:
            FencedError, StateError: the run is another worker's, or over; nothing was done.
            PlatformError: a layer does not answer; whether it was done is told by calling again.
        """
        body: dict[str, Any] = {
            "name": name,
            "arguments": arguments,
            "agent_id": agent_id,
            "configuration": None if agent_configuration is None else dict(agent_configuration),
            "run": None if run is None else run._asdict(),
            "call_id": call_id or (None if run is not None else str(uuid4())),
            "approval_id": approval_id,
        }
        body = {name: value for name, value in body.items() if value is not None or name == "arguments"}
        try:
            return await self._until_over(body)
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.ensure_future(self._cancel(body)))
            raise

    async def resolve(
        self,
        execution_id: str,
        outcome: str,
        *,
        output: Any = None,
        error: str | None = None,
        by: str | None = None,
    ) -> dict[str, Any]:
        """A person's word on a call whose end nobody saw: `success`, `error` or `again`; its run goes on."""
        body = {"outcome": outcome, "output": output, "error": error, "by": by}
        return await self.backend.call(RESOLVE, Call({"id": execution_id}, body=body))

    async def workings(self) -> Workings:
        """What the layer does at the moment."""
        return await self.backend.call(WORKINGS, Call())

    async def _until_over(self, body: dict[str, Any]) -> Outcome:
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while True:
            try:
                answer = await self.backend.call(EXECUTE, Call(body=body))
            except UnreachableError:
                if loop.time() > until:
                    raise
                await asyncio.sleep(AGAIN)
                continue
            if answer["status"] != STILL_RUNNING:
                return Outcome(**answer)
            until = loop.time() + PATIENCE

    async def _cancel(self, body: dict[str, Any]) -> None:
        try:
            await self.backend.call(CANCEL, Call(body={"call": body}))
        except UnreachableError:
            return  # it is not running then
