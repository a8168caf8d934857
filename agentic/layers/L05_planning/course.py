"""The course of one plan: which step begins when, and what follows from the end of each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agentic.layers.L02_agent_runtime.jobs import RunContext
from agentic.layers.L05_planning.board import Board, has_begun
from agentic.layers.L05_planning.graph import needs_of
from agentic.layers.L05_planning.step_work import CHANGED, GOOD, Ended, StepWork

Replan = Callable[[RunContext, Board, str], Awaitable[dict[str, Any] | None]]
"""Plans the rest anew after this step failed; answers why not, if it could not."""


class Course:
    """Begins what may begin, as much at once as the plan allows, until nothing is left or something stops it.

    When the run is carried anew it begins with what had begun: that finds its steps, and goes on.
    """

    def __init__(self, ctx: RunContext, board: Board, work: StepWork, replan: Replan) -> None:
        self._ctx = ctx
        self._board = board
        self._work = work
        self._replan = replan
        self._at_work: dict[asyncio.Task[Ended], str] = {}
        self._begun: set[str] = set()
        self._ended: dict[str, Ended] = {}
        self._left: dict[str, int] = {}
        self._dependants: dict[str, list[str]] = {}
        self._ready: deque[str] = deque()
        self.failure: dict[str, Any] | None = None
        """Why nothing more begins: the step, and its error."""

    async def to_end(self) -> None:
        """Returns when nothing is at work and nothing can begin any more."""
        news = self._ctx.news()
        await self._ctx.aside(self._board.make_tasks)
        for step_id, task in self._board.tasks.items():
            if has_begun(task):
                self._begin(step_id)
        self._arrange()
        while True:
            self._begin_ready()
            if not self._at_work:
                if self.failure is not None or await self._is_done():
                    return
                await self._look_again()
                continue
            told = asyncio.ensure_future(news.wait())
            done, _ = await asyncio.wait({*self._at_work, told}, return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            for task in list(self._at_work):
                if task in done:
                    await self._over(self._at_work.pop(task), task.result())
            if news.is_set():
                news = self._ctx.news()
                await self._look_again()

    async def _look_again(self) -> None:
        """Reads the plan as it is now, and arranges what has not begun by it."""

        async def read() -> None:
            await self._board.refresh()
            await self._board.make_tasks()

        await self._ctx.aside(read)
        self._arrange()

    def _arrange(self) -> None:
        """What waits for what, from the plan as it is now."""
        needs = needs_of(list(self._board.steps.values()), self._board.plan["plan_type"])
        self._dependants = {}
        self._left = {}
        self._ready.clear()
        for step_id, wanted in needs.items():
            open_needs = [need for need in wanted if not self._is_past(need)]
            self._left[step_id] = len(open_needs)
            for need in open_needs:
                self._dependants.setdefault(need, []).append(step_id)
            if not open_needs:
                self._ready.append(step_id)

    def _is_past(self, step_id: str) -> bool:
        return (ended := self._ended.get(step_id)) is not None and ended.status in GOOD

    def _begin_ready(self) -> None:
        while self._ready and self.failure is None and len(self._at_work) < self._board.options.parallel:
            self._begin(self._ready.popleft())

    def _begin(self, step_id: str) -> None:
        if step_id in self._begun:
            return
        self._begun.add(step_id)
        number = self._board.tasks[step_id]["sequence_order"]
        branch = self._ctx.branch(number, lambda: self._work.do(self._ctx, step_id))
        self._at_work[asyncio.create_task(branch)] = step_id

    async def _over(self, step_id: str, ended: Ended) -> None:
        if ended.status == CHANGED or step_id not in self._board.steps:
            self._begun.discard(step_id)
            await self._look_again()
            return
        self._ended[step_id] = ended
        if ended.status in GOOD:
            for dependant in self._dependants.get(step_id, ()):
                self._left[dependant] -= 1
                if not self._left[dependant]:
                    self._ready.append(dependant)
        else:
            await self._failed(step_id, ended.error or {"detail": f"it is {ended.status}"})

    async def _failed(self, step_id: str, error: Mapping[str, Any]) -> None:
        failure = {"step": step_id, **error}
        if error.get("then") != "replan":
            self.failure = self.failure or failure
            return
        if (refused := await self._replan(self._ctx, self._board, step_id)) is not None:
            self.failure = self.failure or {**failure, "replan": refused}
            return
        await self._look_again()

    async def _is_done(self) -> bool:
        """Whether all is over, now that nothing is at work: what has not begun then waits for what never comes."""
        if not await self._ctx.aside(self._board.close):
            return False
        stranded = next((step_id for step_id in self._board.steps if step_id not in self._begun), None)
        if stranded is not None:
            self.failure = {"step": stranded, "detail": "what it waits for has failed"}
        return True

    def outputs(self) -> dict[str, Any]:
        """What the last steps gave: those that no other one waits for."""
        needs = needs_of(list(self._board.steps.values()), self._board.plan["plan_type"])
        needed = {need for wanted in needs.values() for need in wanted}
        outputs = self._board.outputs
        return {
            step_id: outputs[step_id] for step_id in needs if step_id not in needed and step_id in outputs
        }
