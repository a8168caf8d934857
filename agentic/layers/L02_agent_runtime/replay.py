"""Runs an agent's own code by its steps: what is there is given back, what is not is done and written.

What stands where is said by places (`places.py`), so calls that run at the same time (`asyncio.gather`) find their own
steps again, in whatever order they were written.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, TypeVar

from agentic.layers.base import jsonio
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.ids import now, timestamp
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L01_data_layer.models.error_codes import FencedError
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L02_agent_runtime.asking import Asking
from agentic.layers.L02_agent_runtime.configuration import Configuration
from agentic.layers.L02_agent_runtime.context import raw_tokens, text_of
from agentic.layers.L02_agent_runtime.context_of_run import Answer, ChildRun, Decision, RunContext
from agentic.layers.L02_agent_runtime.errors import AgentCodeError, ToolCallError
from agentic.layers.L02_agent_runtime.frame import TO_THE_CODE, Frame
from agentic.layers.L02_agent_runtime.functions import Function
from agentic.layers.L02_agent_runtime.journal import UNSURE, Journal, started
from agentic.layers.L02_agent_runtime.limits import Guard
from agentic.layers.L02_agent_runtime.outcomes import (
    Outcome,
    RunEndsError,
    completed,
    suspended,
    together,
    waiting,
)
from agentic.layers.L02_agent_runtime.places import begin, next_place, slot_of
from agentic.layers.L02_agent_runtime.recorded import Recorded
from agentic.layers.L02_agent_runtime.step_parts import object_of, result_of, said_in
from agentic.layers.L02_agent_runtime.subagents import ChildEnd, SubAgents, find_agent
from agentic.layers.L02_agent_runtime.tool_use import ToolUse

T = TypeVar("T")

CANCEL_AGAIN: Final = 1.0


class FunctionRun:
    """One run of an agent's own code."""

    def __init__(
        self,
        journal: Journal,
        configuration: Configuration,
        function: Function,
        asking: Asking,
        tools: ToolUse,
        agents: SubAgents,
        guard: Guard,
    ) -> None:
        self._journal = journal
        self._configuration = configuration
        self._function = function
        self._asking = asking
        self._tools = tools
        self._agents = agents
        self._guard = guard
        self._recorded = Recorded()
        self._frame = Frame(journal.hold)
        self._loading: asyncio.Task[None] | None = None

    async def run(self) -> Outcome:
        """Runs the code until it ends, or until all that it does is waiting.

        Raises:
            RunEndsError, PlatformError, InterruptedRunError: it ends otherwise.
        """
        for step in self._journal.steps:
            self._recorded.add(step)
        context = RunContext(self._journal.run, self._configuration.instructions, self)  # pyright: ignore[reportArgumentType]
        code = asyncio.create_task(self._run_code(context))
        try:
            await self._frame.until_it_waits(code)
            if self._frame.ending is not None:
                if isinstance(
                    self._frame.ending, (FencedError, *UNSURE)
                ):  # it goes on elsewhere, with what is at work
                    self._journal.hold.ends = self._journal.hold.ends or "lost"
                raise self._frame.ending
            if not code.done():
                return together(self._frame.waits)
            value = code.result()
            self._recorded.check_used()
            return completed(value)
        finally:
            try:
                await _end(code)
            finally:
                await self._frame.close()

    async def _run_code(self, context: RunContext) -> Any:
        begin()
        try:
            return _as_json(await self._function(context, self._journal.run["input"]), "The agent's answer")
        except (AgentCodeError, asyncio.CancelledError):
            raise
        except PlatformError:
            raise
        except Exception as error:
            raise AgentCodeError(f"{type(error).__name__}: {error}") from error

    # -- the calls

    async def model(self, messages: list[dict[str, Any]], options: Mapping[str, Any]) -> Answer:
        """Asks a model."""
        at = next_place()
        name = str(options.get("model") or self._configuration.model or "default")

        async def work() -> Answer:
            digest = _digest([messages, dict(options)])
            step = self._recorded.find(at, "model", name, digest)
            if step is None:
                spent = self._guard.check(self._journal.steps, more_tokens=raw_tokens(messages))
                request = await self._request(messages, options)
                given = {"at": at, "is": digest, "messages": len(messages)}
                step = await self._asking.ask(name, request, given, spent)
            output: Any = step["output"]
            message = output["message"]
            text = text_of(message.get("content") or "")
            return Answer(text, message, list(message.get("tool_calls") or []), output["finish_reason"])

        return await self._frame.durably(work)

    async def _request(self, messages: list[dict[str, Any]], options: Mapping[str, Any]) -> dict[str, Any]:
        request = {**self._configuration.parameters, **options, "messages": messages}
        if self._configuration.model is not None:
            request.setdefault("model", self._configuration.model)
        if (wanted := request.pop("tools", None)) is not None:
            await self._load_tools()
            tools = [tool for tool in self._tools.catalogue if tool["name"] in wanted]
            request["tools"] = [{"type": "function", "function": tool} for tool in tools]
        return request

    async def _load_tools(self) -> None:
        if self._loading is None:
            self._loading = asyncio.ensure_future(self._tools.load())
        await asyncio.shield(self._loading)

    async def tool(self, name: str, arguments: dict[str, Any]) -> Any:
        """Uses a tool."""
        at = next_place()

        async def work() -> Any:
            digest = _digest(arguments)
            step = self._recorded.find(at, "tool", name, digest)
            if step is None:
                spent = self._guard.check(self._journal.steps)
                await self._load_tools()
                began = started()
                async with self._guard.time(spent):
                    end = await self._tools.make(name, arguments, slot_of(at), at)
                if isinstance(end, Outcome):
                    raise RunEndsError(end)
                step = await self._tools.keep(
                    name, {"at": at, "is": digest, "arguments": arguments}, end, began
                )
            return _output(step, ToolCallError)

        return await self._frame.durably(work)

    async def agent(self, reference: str, value: Any, fields: Mapping[str, Any]) -> ChildRun:
        """Has another agent run."""

        async def find() -> Agent:
            return await find_agent(self._journal.l01, reference)

        return await self._child(str(fields.get("name", reference)), find, value, fields)

    async def job(self, name: str, value: Any, fields: Mapping[str, Any]) -> ChildRun:
        """Has other code of the platform run."""

        async def nobody() -> None:
            return None

        return await self._child(name, nobody, value, fields)

    async def _child(
        self,
        reference: str,
        find: Callable[[], Awaitable[Agent | None]],
        value: Any,
        fields: Mapping[str, Any],
    ) -> ChildRun:
        at = next_place()

        async def work() -> ChildRun:
            digest = _digest([value, dict(fields)] if fields else value)
            step = self._recorded.find(at, "tool", reference, digest)
            if step is None:
                self._guard.check(self._journal.steps)
                began = started()
                end = await self._agents.run_of(await find(), value, at, fields)
                if not isinstance(end, ChildEnd):
                    raise RunEndsError(end)
                step = await self._tools.keep(reference, {"at": at, "is": digest}, end, began)
            output, error = object_of(step["output"]), step["error"]
            status = str(object_of(error).get("status", "failed")) if error else "completed"
            return ChildRun(output["child_run"], status, output["output"], float(output["cost"]), error)

        return await self._frame.durably(work)

    async def step(self, name: str, function: Callable[[], Any]) -> Any:
        """Calls a function once."""
        at = next_place()

        async def work() -> Any:
            step = self._recorded.find(at, "step", name, None)
            if step is None:
                spent = self._guard.check(self._journal.steps)
                began, given = started(), {"at": at}
                try:
                    async with self._guard.time(spent):
                        value = function()
                        output = _as_json(
                            await value if inspect.isawaitable(value) else value, f"The answer of {name!r}"
                        )
                except (RunEndsError, PlatformError) as error:
                    if not isinstance(error, TO_THE_CODE):
                        raise
                    kept = {"code": error.code, "detail": error.detail}
                    step = await self._journal.write("step", name, started_at=began, given=given, error=kept)
                except Exception as error:
                    kept = {"code": AgentCodeError.code, "detail": f"{type(error).__name__}: {error}"}
                    step = await self._journal.write("step", name, started_at=began, given=given, error=kept)
                else:
                    step = await self._journal.write(
                        "step", name, started_at=began, given=given, output=output
                    )
            return _output(step, AgentCodeError)

        return await self._frame.durably(work)

    async def sleep(self, until: datetime | float) -> None:
        """Waits."""
        at = next_place()

        async def work() -> None:
            step = self._recorded.find(at, "sleep", "sleep", None)
            if step is None:
                moment = until if isinstance(until, datetime) else now() + timedelta(seconds=until)
                output = {"until": timestamp(moment)}
                step = await self._journal.write(
                    "sleep", "sleep", started_at=started(), given={"at": at}, output=output
                )
                self._recorded.add(step)
                self._recorded.used.add(at)
            wake: str = step["output"]["until"]
            if wake > timestamp():
                raise RunEndsError(suspended(wake))

        await self._frame.durably(work)

    async def ask(self, question: str, request: Mapping[str, Any], seconds: float | None) -> Decision:
        """Asks a person."""
        at, name = next_place(), question[:255] or "question"

        async def work() -> Decision:
            digest = _digest([question, dict(request)])
            step = self._recorded.find(at, "approval", name, digest)
            if step is None:
                began = started()
                approval = await self._approval(at, question, request, seconds)
                if approval["status"] == "pending":
                    raise RunEndsError(waiting(approval["expires_at"]))
                output = {
                    "approved": approval["status"] in ("approved", "consumed"),
                    "reason": approval["reason"],
                    "by": approval["decided_by"],
                }
                given = {"at": at, "is": digest, "approval_id": approval["id"]}
                step = await self._journal.write(
                    "approval", name, started_at=began, given=given, output=output
                )
            return Decision(**step["output"])

        return await self._frame.durably(work)

    async def _approval(
        self, at: str, question: str, request: Mapping[str, Any], seconds: float | None
    ) -> Mapping[str, Any]:
        """The approval that was asked for at this place, or a new one."""
        run, approvals = self._journal.run, self._journal.l01.approvals
        page = await approvals.list(run_id=run["id"], limit=1000)
        for approval in page["items"]:
            if approval["request"].get("at") == at:
                return approval
        more = {} if seconds is None else {"expires_at": timestamp(now() + timedelta(seconds=seconds))}
        return await approvals.create(
            run_id=run["id"],
            agent_id=run["agent_id"],
            title=question,
            request={**request, "at": at},
            idempotency_key=f"{run['id']}:{at}",
            **more,
        )

    async def aside(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does work that is no step."""
        return await self._frame.durably(work)

    def news(self) -> asyncio.Event:
        """Set when there is news of the run."""
        return self._journal.hold.news

    async def messages(self) -> list[Any]:
        """What was said into the run."""
        at = next_place()

        async def work() -> list[Any]:
            step = self._recorded.find(at, "step", "messages", None)
            if step is None:
                await self._journal.catch_up()
                seen = {number for each in self._recorded.steps.values() for number in _read_in(each)}
                said = [
                    each
                    for each in self._journal.steps
                    if each["kind"] == "message" and each["number"] not in seen
                ]
                given = {"at": at, "messages": [each["number"] for each in said]}
                step = await self._journal.write(
                    "step",
                    "messages",
                    started_at=started(),
                    given=given,
                    output=[said_in(each) for each in said],
                )
                self._recorded.add(step)
                self._recorded.used.add(at)
            return step["output"]

        return await self._frame.durably(work)


def _read_in(step: RunStep) -> list[int]:
    return (
        list(step["input"].get("messages") or [])
        if step["name"] == "messages" and step["kind"] == "step"
        else []
    )


def _output(step: RunStep, error_class: type[PlatformError]) -> Any:
    """What a step gave, or the error that it ended with."""
    if step["status"] == "failed":
        error = step["error"] or {}
        raise error_class(f"{step['name']}: {error.get('detail', 'no details')}", step=step["number"])
    return result_of(step)


def _digest(value: Any) -> str:
    return sha256(jsonio.encode(value)).hexdigest()[:16]


def _as_json(value: Any, what: str) -> Any:
    """A value as it will come back from the log.

    Raises:
        AgentCodeError: it is not JSON.
    """
    try:
        return jsonio.decode(jsonio.encode(jsonio.check(value, what)))
    except Exception as error:
        raise AgentCodeError(f"{what} is not JSON: {error}") from error


async def _end(code: asyncio.Task[Any]) -> None:
    """Cancels the code, which may have something to tidy up, until it has ended."""
    while not code.done():
        code.cancel()
        await asyncio.wait({code}, timeout=CANCEL_AGAIN)
    if not code.cancelled():
        code.exception()
