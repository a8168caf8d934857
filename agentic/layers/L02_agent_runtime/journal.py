"""The steps of one run as this process knows them, and the one way in which it adds to them.

A step is written by one statement, fenced by the run's token, and it is there before the next of its branch begins; steps of
several branches may share a statement. Numbers are dense: a number
that was skipped is a message that somebody sent into the run meanwhile, and is fetched.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

import structlog

from agentic.layers.base.common_errors import DatabaseUnavailableError, TimedOutError, UnreachableError
from agentic.layers.base.ids import now, timestamp
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import Run, RunRef
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L02_agent_runtime.outcomes import InterruptedRunError

log = structlog.get_logger()

PAGE: Final = 1000
UNSURE: Final = (DatabaseUnavailableError, TimedOutError, UnreachableError)
"""After these nobody knows whether the statement was carried out."""
AGAIN: Final = 0.2


class Taken(NamedTuple):
    """That a step was written: its number, and what its run was then."""

    number: int
    status: str


class Hold:
    """That a run is carried here, and why no longer: what is in flight ends differently by the reason."""

    def __init__(self) -> None:
        self.ends: Literal["given back", "lost", "cancelled", "paused"] | None = None
        """`given back`: this process stops. `lost`: another has it. `cancelled`: nobody wants it any more."""
        self.news = asyncio.Event()
        """Set when there is news of what it waits for: by who tells it, who puts a new one in its place."""

    def tell(self) -> None:
        """Wakes all that waits for news of the run."""
        self.news.set()
        self.news = asyncio.Event()


class Journal:
    """The steps of a run that is carried here."""

    def __init__(self, l01: L01Client, run: Run, hold: Hold, patience: float) -> None:
        self.l01 = l01
        self.run = run
        self.hold = hold
        self.steps: list[RunStep] = []
        self._sending = 0
        self._patience = patience
        """Seconds for which a step is tried to be written while the database is away: until others have taken the run."""

    async def load(self) -> None:
        """Reads what there is."""
        while page := await self.l01.runs.steps(self.run["id"], after=self.last, limit=PAGE):
            self.steps.extend(page)
            if len(page) < PAGE:
                return

    @property
    def last(self) -> int:
        """The number of the last step; 0 before the first."""
        return self.steps[-1]["number"] if self.steps else 0

    def ref(self, step: int | None = None) -> RunRef:
        """What a model or a tool is told of who asks: the run, under which token, at which step."""
        return RunRef(self.run["id"], self.run["token"], self.last + 1 if step is None else step)

    async def write(
        self,
        kind: str,
        name: str,
        *,
        started_at: str,
        given: Any = None,
        output: Any = None,
        error: Mapping[str, Any] | None = None,
        usage: Mapping[str, Any] | None = None,
        usage_id: str | None = None,
        execution_id: str | None = None,
    ) -> RunStep:
        """Adds a step; with an error, one that failed.

        Raises:
            InterruptedRunError: it is written, and the run is no longer to go on here.
            FencedError: another process has the run.
        """
        fields: dict[str, Any] = {
            "kind": kind,
            "name": name,
            "input": given,
            "output": output,
            "error": None if error is None else dict(error),
            "status": "completed" if error is None else "failed",
            "started_at": started_at,
            "usage_id": usage_id,
            "execution_id": execution_id,
        }
        self._sending += 1
        try:
            number, status = await self._send(fields, usage)
        finally:
            self._sending -= 1
        step = await self._enter(number, fields, usage)
        if status == "suspended":
            self.hold.ends = self.hold.ends or "paused"
        if status != "running":
            raise InterruptedRunError(status)
        if self.hold.ends is not None:
            raise InterruptedRunError(self.hold.ends)
        return step

    async def _send(self, fields: dict[str, Any], usage: Mapping[str, Any] | None) -> Taken:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        known = self.last
        while True:
            try:
                body: dict[str, Any] = {**fields, "usage": dict(usage)} if usage is not None else fields
                taken = await self.l01.runs.step(self.run["id"], self.run["token"], **body)
                return Taken(taken["number"], taken["run_status"])
            except UNSURE as error:
                if loop.time() > deadline:
                    raise
                log.warning("a step could not be written yet", run=self.run["id"], error=str(error))
            await asyncio.sleep(AGAIN)
            if (written := await self._find(fields, known)) is not None:
                return written

    async def _find(self, fields: dict[str, Any], known: int) -> Taken | None:
        """The step, if it was written although nobody said so."""
        try:
            steps = await self.l01.runs.steps(self.run["id"], after=known, limit=PAGE)
        except UNSURE:
            return None
        for step in steps:
            if all(
                step[name] == fields[name] for name in ("kind", "name", "input", "usage_id", "execution_id")
            ):
                return Taken(step["number"], "running")
        return None

    async def _enter(self, number: int, fields: dict[str, Any], usage: Mapping[str, Any] | None) -> RunStep:
        spent = usage or {}
        step: Any = {
            **fields,
            "run_id": self.run["id"],
            "number": number,
            "input_tokens": spent.get("input_tokens") or 0,
            "output_tokens": spent.get("output_tokens") or 0,
            "cost": spent.get("cost") or 0,
            "completed_at": timestamp(),
        }
        place = bisect_left(self.steps, number, key=_number)
        if place == len(self.steps) or self.steps[place]["number"] != number:
            self.steps.insert(place, step)
        if len(self.steps) != self.last and not self._sending:  # else it may be one of ours, on its way
            await self.catch_up()
        return step

    async def catch_up(self) -> bool:
        """Reads what others have added: messages into the run. True: there was something."""
        first_gap = next((i for i, step in enumerate(self.steps) if step["number"] != i + 1), len(self.steps))
        known = {step["number"] for step in self.steps}
        found = await self.l01.runs.steps(self.run["id"], after=first_gap, limit=PAGE)
        news = [step for step in found if step["number"] not in known]
        self.steps = sorted([*self.steps, *news], key=_number)
        return bool(news)


def _number(step: RunStep) -> int:
    return step["number"]


def started() -> str:
    """The moment at which a step begins."""
    return timestamp(now())
