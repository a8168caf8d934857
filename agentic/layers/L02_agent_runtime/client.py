"""`L02Client`: agents that run, a call when the runtime lives in this process and HTTP when it does not.

async with L02Client() as l02:
    agent = await l02.spawn("researcher", {"model": "small", "instructions": "Be brief."})
    run = await l02.run(agent["id"], "Why is the sky blue?", wait=60)
    print(run["output"])
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Final, Literal, Self
from uuid import UUID

from agentic.layers.base.ids import timestamp
from agentic.layers.base.operation import Call, Operation
from agentic.layers.base.states import RUN, final_states
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L01_data_layer.models.approval import Approval
from agentic.layers.L01_data_layer.models.resource import Page
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L01_data_layer.models.schedule import Schedule
from agentic.layers.L01_data_layer.models.session import Session
from agentic.layers.L02_agent_runtime import models
from agentic.layers.L02_agent_runtime.backends import Backend, HttpBackend
from agentic.layers.L02_agent_runtime.stream import RunEvent
from agentic.layers.L02_agent_runtime.transcript import messages_of, turn_messages

__all__ = ["L02Client", "RunEvent", "at_rest", "given", "messages_of", "turn_messages"]

DEFAULT_URL: Final = "http://localhost:8003"
URL_VARIABLE: Final = "PLATFORM_L02_URL"
KEY_VARIABLE: Final = "PLATFORM_L02_KEY"
FINAL: Final = final_states(RUN)

Ref = str | UUID


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not none."""
    return {name: value for name, value in fields.items() if value is not None}


def at_rest(run: Run) -> bool:
    """Whether a run does nothing more without somebody. One that waits for a decision is due as soon as there is one."""
    if run["status"] == "waiting_approval":
        return run["due_at"] is None or run["due_at"] > timestamp()
    return run["status"] in FINAL


class L02Client:
    """The agent runtime; without an address the one in `PLATFORM_L02_URL`, or else its own port on this machine."""

    def __init__(self, base_url: str | None = None, *, backend: Backend | None = None) -> None:
        key = os.environ.get(KEY_VARIABLE)
        self.backend: Backend = backend or HttpBackend(
            "L02",
            base_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL,
            {"x-api-key": key} if key else None,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Lets go of what the client holds."""
        await self.backend.close()

    # -- agents

    async def spawn(
        self,
        name: str,
        configuration: Mapping[str, Any] | None = None,
        *,
        agent_type: str = "general",
        start: bool = True,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Agent:
        """A new agent, started unless told otherwise."""
        body = {
            "name": name,
            "agent_type": agent_type,
            "configuration": dict(configuration or {}),
            "start": start,
            **fields,
        }
        return await self.backend.call(models.SPAWN, Call(body=body, key=idempotency_key))

    async def start(self, agent_id: Ref) -> Agent:
        """The agent takes runs from now on."""
        return await self._on(models.START_AGENT, agent_id)

    async def suspend(self, agent_id: Ref) -> Agent:
        """The agent takes no new runs, and those that it has are paused."""
        return await self._on(models.SUSPEND_AGENT, agent_id)

    async def resume(self, agent_id: Ref) -> Agent:
        """The agent takes runs again, and those go on that its suspension paused."""
        return await self._on(models.RESUME_AGENT, agent_id)

    async def terminate(self, agent_id: Ref) -> Agent:
        """The agent is done for good; its runs are cancelled."""
        return await self._on(models.TERMINATE_AGENT, agent_id)

    # -- runs

    async def run(
        self,
        agent_id: Ref,
        input: Any = None,  # noqa: A002
        *,
        wait: float = 0,
        session_id: Ref | None = None,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Run:
        """A new run. With `wait`, answered when it has ended or needs somebody, or after so many seconds.

        `configuration` (laid over the agent's), `priority`, `due_at`, `goal_id`, `task_id`.

        Raises:
            AgentNotActiveError: the agent takes none.
        """
        body = {"input": input, **given({"session_id": session_id, **fields})}
        run: Run = await self.backend.call(
            models.BEGIN_RUN, Call({"id": agent_id}, body=body, key=idempotency_key)
        )
        return await self.wait(run["id"], wait) if wait else run

    async def get(self, run_id: Ref) -> Run:
        """A run as it is."""
        return await self.backend.call(models.GET_RUN, Call({"id": run_id}))

    async def wait(self, run_id: Ref, seconds: float) -> Run:
        """A run, when it has ended or needs somebody, or as it is after so many seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            left = deadline - loop.time()
            query = {"wait": max(0, min(models.LONGEST_WAIT, round(left)))}
            run: Run = await self.backend.call(models.GET_RUN, Call({"id": run_id}, query))
            if at_rest(run) or loop.time() >= deadline:
                return run
            if query["wait"] == 0:
                await asyncio.sleep(max(0.0, min(0.1, deadline - loop.time())))

    async def stream(self, run_id: Ref, after: int = 0) -> AsyncGenerator[RunEvent]:
        """What happens in a run, after a step, until it has ended: `step`, `text` as it is written, and `run`."""
        async with aclosing(self.backend.stream(str(run_id), after)) as events:
            async for event in events:
                yield event

    async def steps(self, run_id: Ref, after: int = 0, limit: int = 1000) -> list[RunStep]:
        """The steps of a run after a number, in order."""
        call = Call({"id": run_id}, {"after": after, "limit": limit})
        return (await self.backend.call(models.STEPS_OF_RUN, call))["items"]

    async def cancel(self, run_id: Ref, reason: str | None = None) -> Run:
        """Ends a run, and those that it began."""
        return await self._on(models.CANCEL, run_id, given({"reason": reason}))

    async def pause(self, run_id: Ref) -> Run:
        """The run goes no further than the step that it is taking."""
        return await self._on(models.PAUSE, run_id)

    async def resume_run(self, run_id: Ref) -> Run:
        """The run goes on."""
        return await self._on(models.RESUME, run_id)

    async def steer(self, run_id: Ref, content: Any) -> RunStep:
        """Says something into a run."""
        return await self._on(models.STEER, run_id, {"content": content})

    async def approve(
        self,
        run_id: Ref,
        decision: Literal["approved", "denied"] = "approved",
        *,
        approval_id: Ref | None = None,
        by: str | None = None,
        reason: str | None = None,
    ) -> Approval:
        """A person's word on what a run waits for.

        Raises:
            NotWaitingError: it waits for nothing.
        """
        body = given({"decision": decision, "approval_id": approval_id, "by": by, "reason": reason})
        return await self._on(models.APPROVE, run_id, body)

    async def retry(self, run_id: Ref) -> Run:
        """A new run that goes on where one failed or was cancelled."""
        return await self._on(models.RETRY, run_id)

    async def fork(
        self, run_id: Ref, step: int | None = None, changes: Mapping[str, Any] | None = None
    ) -> Run:
        """A new run that begins after a step of another, with changes.

        `model`, `instructions`, `input`, `tool_result` ({number, output}), `configuration` (laid over).
        """
        return await self._on(models.FORK, run_id, {**given({"step": step}), "changes": dict(changes or {})})

    async def compare(self, a: Ref, b: Ref) -> models.Comparison:
        """Two runs side by side."""
        return await self.backend.call(models.COMPARE_RUNS, Call(query={"a": str(a), "b": str(b)}))

    async def branch(self, session_id: Ref, checkpoint: str | None = None) -> Session:
        """A new session that begins as another is, or as it was when it was kept under a name."""
        return await self._on(models.BRANCH_SESSION, session_id, given({"checkpoint": checkpoint}))

    # -- schedules

    async def schedule(self, agent_id: Ref, name: str, **fields: Any) -> Schedule:
        """When an agent is to run: `cron` (with `timezone`) or `at`; `input`, `enabled`."""
        body = {"agent_id": str(agent_id), "name": name, **fields}
        return await self.backend.call(models.SCHEDULE.operations["create"], Call(body=body))

    async def schedules(self, **query: Any) -> Page[Schedule]:
        """One page of schedules; filters `agent_id`, `enabled`."""
        return await self.backend.call(models.SCHEDULE.operations["list"], Call(query=given(query)))

    async def unschedule(self, schedule_id: Ref) -> None:
        """Takes a schedule away."""
        await self.backend.call(models.SCHEDULE.operations["delete"], Call({"id": schedule_id}))

    async def _on(self, operation: Operation, record_id: Ref, body: Any = None) -> Any:
        if body is None and operation.body is not None:
            body = {}
        return await self.backend.call(operation, Call({"id": record_id}, body=body))
