"""One run with its timeline and its totals, read once and then brought up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Sequence
from typing import Final, NamedTuple

from agentic.layers.base import states
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.model_usage import ModelUsage
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L10_human_interface.run_lines import Line, line_of_call, line_of_step, priced

PAGE: Final = 1000
RECENT: Final = 50
"""Calls that are looked at again when something happened: what is in flight is among the newest."""
FINAL: Final = states.final_states(states.RUN)


class Totals(NamedTuple):
    """What a run took: in its steps, and in calls that came to none."""

    steps: int
    input_tokens: int
    output_tokens: int
    cost: float
    unknown: int
    """Calls whose price nobody knows: the cost is without them."""
    estimated: int
    """Calls whose end nobody saw: the cost holds what they may have used at most."""
    estimated_cost: float


class RunRecord:
    """A run as a page shows it. What is kept of each step is its line: outputs may be long."""

    def __init__(self, l01: L01Client, run: Run) -> None:
        self._l01 = l01
        self.run = run
        self._steps: dict[int, Line] = {}
        self._calls: dict[str, ModelUsage] = {}
        self._stepped: set[str] = set()
        self._failed: set[int | None] = set()
        self.executions: set[str] = set()

    @classmethod
    async def load(cls, l01: L01Client, run_id: str) -> RunRecord:
        """All of a run.

        Raises:
            NotFoundError: there is none.
        """
        record = cls(l01, await l01.runs.get(run_id))
        calls = [call async for call in l01.model_usage.all(run_id=run_id, limit=PAGE)]
        record._take_calls(calls)
        await record._read_steps()
        return record

    async def refresh(self, told: Container[str]) -> list[Line]:
        """Brings it up to date, and answers the lines that are new or changed, and those whose keys are `told`, in order."""
        run_id = self.run["id"]
        before = {line.key: line for line in self.lines()}
        self.run, page = await asyncio.gather(
            self._l01.runs.get(run_id), self._l01.model_usage.list(run_id=run_id, limit=RECENT)
        )
        self._take_calls(page["items"])
        await self._read_steps()
        return [line for line in self.lines() if line.key in told or before.get(line.key) != line]

    @property
    def last(self) -> int:
        """The number of the last step; 0 before the first."""
        return max(self._steps, default=0)

    @property
    def belongings(self) -> set[str]:
        """The ids of the calls and executions that belong to it."""
        return {*self._calls, *self.executions}

    @property
    def in_flight(self) -> list[ModelUsage]:
        """The calls that are being answered."""
        return [call for call in self._calls.values() if call["status"] == "reserved"]

    def lines(self) -> list[Line]:
        """The timeline. A call that came to no step stands before the step that was taken in its place."""
        strays = sorted(self._strays(), key=lambda call: call["created_at"])
        strays = [call for call in strays if not self._said_by_step(call)]
        before: dict[int, list[Line]] = {}
        after: list[Line] = []
        for call in strays:
            place = before.setdefault(call["step"], []) if call["step"] in self._steps else after
            place.append(line_of_call(call))
        numbers = sorted(self._steps)
        return [line for n in numbers for line in (*before.get(n, ()), self._steps[n])] + after

    def totals(self) -> Totals:
        """What it took up to now; of one that is over, what it was booked with."""
        lines, strays = self._steps.values(), self._strays()
        own = [call for call in self._calls.values() if call["status"] != "reserved"]
        guessed = [call for call in own if call["estimated"]]
        unknown = sum(not priced(call) for call in own)
        guess = round(sum(call["cost_estimate"] or 0 for call in guessed), 6)
        if (run := self.run)["status"] in FINAL:
            booked = (run["input_tokens"], run["output_tokens"], run["cost"])
            return Totals(len(lines), *booked, unknown, len(guessed), guess)
        cost = sum(line.cost for line in lines) + sum(call["cost_estimate"] or 0 for call in strays)
        return Totals(
            len(lines),
            sum(line.input_tokens for line in lines) + sum(call["input_tokens"] for call in strays),
            sum(line.output_tokens for line in lines) + sum(call["output_tokens"] for call in strays),
            round(cost, 6),
            unknown,
            len(guessed),
            guess,
        )

    def _strays(self) -> list[ModelUsage]:
        return [
            call
            for call in self._calls.values()
            if call["status"] != "reserved" and call["id"] not in self._stepped
        ]

    def _said_by_step(self, call: ModelUsage) -> bool:
        """True for a call that failed and used nothing, where the failed step says so already."""
        if (
            call["status"] != "failed"
            or call["input_tokens"]
            or call["output_tokens"]
            or call["cost_estimate"]
        ):
            return False
        return call["step"] in self._failed

    def _take_calls(self, calls: Sequence[ModelUsage]) -> None:
        for call in calls:
            self._calls[call["id"]] = call

    async def _read_steps(self) -> None:
        while steps := await self._l01.runs.steps(self.run["id"], after=self.last, limit=PAGE):
            await self._know_calls(steps)
            for step in steps:
                self._take(step)
            if len(steps) < PAGE:
                return

    async def _know_calls(self, steps: Sequence[RunStep]) -> None:
        """Reads the calls of steps that were in flight, or not known, when the calls were read."""
        ids = [step["usage_id"] for step in steps if step["usage_id"] is not None]
        stale = [
            call_id
            for call_id in ids
            if call_id not in self._calls or self._calls[call_id]["status"] == "reserved"
        ]
        self._take_calls(await asyncio.gather(*map(self._l01.usage.get, stale)))

    def _take(self, step: RunStep) -> None:
        call = self._calls.get(step["usage_id"] or "")
        self._steps[step["number"]] = line_of_step(step, call)
        if step["kind"] == "model" and step["status"] == "failed":
            self._failed.add(step["number"])
        if step["usage_id"] is not None:
            self._stepped.add(step["usage_id"])
        if step["execution_id"] is not None:
            self.executions.add(step["execution_id"])
