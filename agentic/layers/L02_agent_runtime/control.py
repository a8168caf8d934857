"""What may be done with runs from outside: begun, looked at, cancelled, paused, resumed, steered, approved, tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError, NotFoundError, StateError
from agentic.layers.base.ids import now
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.base.tracing import traced
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L01_data_layer.models.run_step import StepQuery
from agentic.layers.L02_agent_runtime.client import at_rest
from agentic.layers.L02_agent_runtime.comparison import compare
from agentic.layers.L02_agent_runtime.configuration import check_configuration
from agentic.layers.L02_agent_runtime.errors import AgentNotActiveError, NotWaitingError
from agentic.layers.L02_agent_runtime.lifecycle import Lifecycle, answer
from agentic.layers.L02_agent_runtime.models import (
    Approve,
    Branch,
    Fork,
    Pair,
    RunBegin,
    RunLook,
    RunStop,
    Steer,
)
from agentic.layers.L02_agent_runtime.news import RunNews
from agentic.layers.L02_agent_runtime.sessions import branch
from agentic.layers.L02_agent_runtime.subagents import wake

LOOK: Final = 1.0
"""Seconds after which a waiting request looks for itself."""


class RunControl:
    """What may be done with runs."""

    def __init__(self, l01: Callable[[], L01Client], news: RunNews, lifecycle: Lifecycle) -> None:
        self._l01 = l01
        self._news = news
        self._lifecycle = lifecycle

    async def begin(self, call: Call) -> Answer:
        """A new run of an agent; with `wait`, answered when it ends or needs somebody, or when the time is over."""
        body = validated(RunBegin, call.body)
        run = await self.create(call.path["id"], body, call.key)
        if body.wait:
            run = await self.until_at_rest(run["id"], body.wait)
        return Answer(jsonio.encode(run), run["version"])

    async def create(self, agent_id: str, body: RunBegin, key: str | None) -> Run:
        """A new run, due at once unless it says when.

        Raises:
            AgentNotActiveError: the agent takes none.
        """
        l01 = self._l01()
        agent = await l01.agents.get(agent_id)
        if agent["status"] == "created":
            agent = await self._lifecycle.activate(agent_id)
        if agent["status"] != "active":
            raise AgentNotActiveError(
                f"The agent is {agent['status']} and takes no runs.", current_status=agent["status"]
            )
        configuration = None
        if body.configuration is not None:
            configuration = {**agent["configuration"], **body.configuration}
            check_configuration(configuration)
        fields = {
            name: value for name, value in body.__dict__.items() if name != "wait" and value is not None
        }
        fields.pop("configuration", None)
        more = {} if configuration is None else {"configuration": configuration}
        run = await l01.runs.create(agent_id=agent_id, **fields, **more, idempotency_key=key)
        self._news.on_due()
        return run

    async def look(self, call: Call) -> Answer:
        """A run as it is, or as it is once it rests."""
        wait = validated(RunLook, call.query).wait
        run_id = call.path["id"]
        run = await (self.until_at_rest(run_id, wait) if wait else self._l01().runs.get(run_id))
        return answer(run)

    async def until_at_rest(self, run_id: str, seconds: float) -> Run:
        """A run, once it has ended or waits for a person; or as it is after so many seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        with self._news.of(run_id) as news:
            while True:
                news.clear()
                run = await self._l01().runs.get(run_id)
                left = deadline - loop.time()
                if at_rest(run) or left <= 0 or self._news.ended:
                    return run
                try:
                    async with asyncio.timeout(min(left, LOOK)):
                        await news.wait()
                except TimeoutError:
                    continue

    async def steps(self, call: Call) -> Answer:
        """The steps of a run after a number, in order."""
        query = validated(StepQuery, call.query)
        steps = await self._l01().runs.steps(call.path["id"], query.after, query.limit)
        return Answer(jsonio.encode({"items": steps}))

    async def cancel(self, call: Call) -> Answer:
        """Ends a run, and those that it began; what it is doing is cut off."""
        body = validated(RunStop, call.body or {})
        run = await self._l01().runs.cancel(call.path["id"], body.reason)
        self._news.tell(run["id"], run["status"])
        if run["parent_run_id"] is not None:
            await wake(self._l01(), run["parent_run_id"])
        return answer(run)

    async def pause(self, call: Call) -> Answer:
        """A run goes no further than the step that it is taking, until it is resumed."""
        run = await self._l01().runs.pause(call.path["id"])
        self._news.tell(run["id"], run["status"])
        return answer(run)

    async def resume(self, call: Call) -> Answer:
        """A paused run goes on."""
        run = await self._l01().runs.resume(call.path["id"])
        self._news.on_due()
        return answer(run)

    async def steer(self, call: Call) -> Answer:
        """Says something into a run: its model reads it before its next answer."""
        body = validated(Steer, call.body)
        l01, run_id = self._l01(), call.path["id"]
        taken = await l01.runs.message(run_id, body.content)
        steps = await l01.runs.steps(run_id, after=taken["number"] - 1, limit=1)
        return answer(steps[0])

    async def approve(self, call: Call) -> Answer:
        """A person's word on what a run waits for; the run goes on at once."""
        body = validated(Approve, call.body or {})
        l01, run_id = self._l01(), call.path["id"]
        pending = (await l01.approvals.list(run_id=run_id, status="pending", limit=100))["items"]
        if body.approval_id is not None:
            pending = [approval for approval in pending if approval["id"] == str(body.approval_id)]
        if not pending:
            await l01.runs.get(run_id)
            raise NotWaitingError()
        if len(pending) > 1:
            raise InvalidError.of(
                ("approval_id", "the run waits for several approvals; say for which this is")
            )
        approval = await l01.approvals.decide(pending[0]["id"], body.decision, body.by, body.reason)
        self._news.on_due()
        return answer(approval)

    async def retry(self, call: Call) -> Answer:
        """A new run that goes on where one failed or was cancelled: what it has done is not done again."""
        l01, run_id = self._l01(), call.path["id"]
        run = await l01.runs.get(run_id)
        if run["status"] not in ("failed", "cancelled"):
            raise StateError(
                f"A run that is {run['status']} has nothing to be tried again.", current_status=run["status"]
            )
        steps = await l01.runs.steps(run_id)
        good = len(steps)
        while good and steps[good - 1]["kind"] == "model" and steps[good - 1]["status"] == "failed":
            good -= 1
        return await self._fork(run_id, good, {}, "retry")

    async def fork(self, call: Call) -> Answer:
        """A new run that begins after a step of another, with changes."""
        body = validated(Fork, call.body or {})
        run_id = call.path["id"]
        step = body.step
        if step is None:
            step = len(await self._l01().runs.steps(run_id))
        changes = {name: body.changes.__dict__[name] for name in body.changes.model_fields_set}
        if (result := changes.get("tool_result")) is not None:
            changes["tool_result"] = result.model_dump()
        if changes.get("configuration"):
            check_configuration(changes["configuration"])
        return await self._fork(run_id, step, changes, "fork")

    async def _fork(self, run_id: str, step: int, changes: dict[str, Any], why: str) -> Answer:
        with traced(causation_id=f"{why} of {run_id}"):
            run = await self._l01().runs.fork(run_id, step, changes)
        self._news.on_due()
        return Answer(jsonio.encode(run), run["version"])

    async def compare(self, call: Call) -> Answer:
        """Two runs side by side: where they part, and what each came to."""
        pair = validated(Pair, call.query)
        l01 = self._l01()
        a, b = await l01.runs.get(pair.a), await l01.runs.get(pair.b)
        comparison = compare(a, await l01.runs.steps(pair.a), b, await l01.runs.steps(pair.b), now())
        return Answer(jsonio.encode(comparison))

    async def branch(self, call: Call) -> Answer:
        """A new session that begins as another is, or was."""
        body = validated(Branch, call.body or {})
        return answer(await branch(self._l01(), call.path["id"], body.checkpoint))

    async def exists(self, run_id: str) -> Run:
        """A run.

        Raises:
            NotFoundError: there is none.
        """
        try:
            return await self._l01().runs.get(run_id)
        except InvalidError:
            raise NotFoundError(f"There is no run {run_id}.") from None
