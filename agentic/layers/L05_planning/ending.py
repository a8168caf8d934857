"""How plans and goals end: told once, whoever tells it first; what is over stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any, Final, Protocol

import structlog

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import NotFoundError, StaleVersionError
from agentic.layers.base.states import GOAL, PLAN, RUN, final_states
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.plan import Plan
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L05_planning.board import Board

log = structlog.get_logger()

RUN_ENDS: Final = "run.failed,run.cancelled"
OVER: Final = final_states(RUN)
ENDED: Final = final_states(PLAN) | final_states(GOAL)


class _Records(Protocol):
    """Goals, or plans."""

    async def get(self, record_id: str, /) -> Any: ...
    async def update(
        self, record_id: str, changes: Mapping[str, Any], /, *, expected_version: int
    ) -> Any: ...


class Ending:
    """Ends plans with their goals."""

    def __init__(self, l01: Callable[[], L01Client]) -> None:
        self._l01 = l01

    async def begin(self, plan_id: str, run_id: str) -> None:
        """The plan is carried out, by this run, and its goal is being worked for."""
        l01 = self._l01()
        plan = await l01.plans.get(plan_id)
        if plan["status"] != "executing":
            await l01.plans.update(plan_id, {"status": "executing", "run_id": run_id})
        if plan["goal_id"] is not None:
            await self._begin_goal(plan["goal_id"])

    async def _begin_goal(self, goal_id: str) -> None:
        goals = self._l01().goals
        if (await goals.get(goal_id))["status"] == "pending":
            await goals.update(goal_id, {"status": "active"})

    async def complete(self, board: Board, goal_status: str, result: Mapping[str, Any]) -> None:
        """All of the plan was done; the goal is reached, or is not."""
        l01, plan = self._l01(), board.plan
        if plan["goal_id"] is not None:
            await _end(l01.goals, plan["goal_id"], {"status": goal_status, "result": dict(result)})
        await _end(l01.plans, plan["id"], {"status": "completed", "current_step": board.over})

    async def stop(self, board: Board, status: str, error: Mapping[str, Any]) -> None:
        """The plan ends before it was done, as `failed` or `cancelled`; so does its goal."""
        l01, plan = self._l01(), board.plan
        await board.cancel_rest()
        if plan["goal_id"] is not None:
            if (
                status == "failed"
            ):  # of a goal to whose beginning the process that began the plan may not have come
                await self._begin_goal(plan["goal_id"])
            await _end(l01.goals, plan["goal_id"], {"status": status, "result": {"error": dict(error)}})
        changes = {"status": status, "error": dict(error), "current_step": board.over}
        await _end(l01.plans, plan["id"], changes)

    # -- runs that end without their plan having said so: cancelled, out of money, broken

    async def follow(self) -> None:
        """Ends the plans whose runs have ended otherwise. Runs until it is cancelled."""
        l01 = self._l01()
        head = await l01.events.head()
        async for plan in l01.plans.all(status="executing", limit=1000):
            await self._settle(plan)
        async with aclosing(l01.follow(after=head, event_type=RUN_ENDS)) as batches:
            async for batch in batches:
                for event in batch:
                    await self._settle_of(event.aggregate_id)

    async def _settle_of(self, run_id: str) -> None:
        for plan in (await self._l01().plans.list(run_id=run_id, limit=1))["items"]:
            await self._settle(plan)

    async def _settle(self, plan: Plan) -> None:
        if plan["status"] != "executing" or plan["run_id"] is None:
            return
        try:
            run = await self._l01().runs.get(plan["run_id"])
        except NotFoundError:
            return
        if run["status"] in OVER:
            await self.settle(plan["id"], run)

    async def settle(self, plan_id: str, run: Run) -> None:
        """Ends a plan as its run has ended."""
        status = "cancelled" if run["status"] == "cancelled" else "failed"
        error = run["error"] or {"code": run["status"], "detail": f"Its run is {run['status']}."}
        await self.stop(await Board.of(self._l01(), plan_id), status, error)
        log.info("a plan ends as its run did", plan=plan_id, run=run["id"], status=status)


async def _end(records: _Records, record_id: str, changes: Mapping[str, Any]) -> None:
    """Ends a record once: to say again what it is would be news of nothing."""
    while (record := await records.get(record_id))["status"] not in ENDED:
        try:
            await records.update(record_id, changes, expected_version=record["version"])
        except StaleVersionError:
            continue


def detail_of(failure: Mapping[str, Any]) -> str:
    """Why a plan failed, in a sentence."""
    refused = failure.get("replan")
    more = f" No other plan could be made: {jsonio.encode(refused).decode()[:500]}" if refused else ""
    return f"The step {failure['step']!r} failed: {failure.get('detail', 'no reason is known')}{more}"
