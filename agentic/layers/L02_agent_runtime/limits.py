"""What a run may not exceed, looked at before each step; and whether it still gets anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cached_property
from typing import Any, Final, NamedTuple

from agentic.layers.base import jsonio
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L02_agent_runtime.configuration import Limits
from agentic.layers.L02_agent_runtime.errors import LimitReachedError, LoopDetectedError, StalledError
from agentic.layers.L02_agent_runtime.settings import L02Settings
from agentic.layers.L02_agent_runtime.step_parts import given, is_child, is_empty, object_of

WORK: Final = frozenset(("model", "tool", "step"))
LONGEST_CYCLE: Final = 3
"""Exchanges after which a circle of them is looked for: a, b, c, a, b, c …"""
EMPTY_ANSWERS: Final = 2


class Beside(NamedTuple):
    """What model calls used that came to no step, because they were cut or failed."""

    tokens: int = 0
    cost: float = 0.0


class Spending:
    """What a run has used so far, by its steps and beside them."""

    def __init__(self, steps: Sequence[RunStep], beside: Beside = Beside()) -> None:  # noqa: B008 - it never changes
        self._steps = steps
        self._beside = beside
        self.steps = sum(step["kind"] in WORK for step in steps)

    @cached_property
    def tokens(self) -> int:
        """Tokens in and out."""
        steps = sum((step["input_tokens"] or 0) + (step["output_tokens"] or 0) for step in self._steps)
        return steps + self._beside.tokens

    @cached_property
    def cost(self) -> float:
        """US dollars, with what the runs of agents that were called cost."""
        return self._beside.cost + sum(float(step["cost"] or 0) + _child_cost(step) for step in self._steps)

    @cached_property
    def seconds(self) -> float:
        """How long steps were at work."""
        return _seconds(self._steps)


def _child_cost(step: RunStep) -> float:
    output: Any = step["output"]
    return float(object_of(output).get("cost") or 0) if is_child(output) else 0.0


def _seconds(steps: Sequence[RunStep]) -> float:
    """How long steps were at work; those at the same time count once."""
    spans = sorted(
        (datetime.fromisoformat(step["started_at"]), datetime.fromisoformat(step["completed_at"]))
        for step in steps
        if step["kind"] in WORK and step["started_at"] and step["completed_at"]
    )
    total, reached = 0.0, None
    for start, end in spans:
        begin = start if reached is None or start > reached else reached
        if end > begin:
            total += (end - begin).total_seconds()
            reached = end
    return total


class Guard:
    """Looks at a run before each of its steps."""

    def __init__(self, limits: Limits, settings: L02Settings, beside: Beside = Beside()) -> None:  # noqa: B008
        self._limits = limits
        self._beside = beside
        self._steps = limits.steps or settings.max_steps
        self._repeats = limits.repeats or settings.repeats
        self._step_limit = settings.step_limit

    def check(self, steps: Sequence[RunStep], *, more_steps: int = 1, more_tokens: int = 0) -> Spending:
        """What was used so far, when there is room for so much more.

        Raises:
            LimitReachedError: there is none; says which limit, and how far the run has come.
        """
        spent, limits = Spending(steps, self._beside), self._limits
        if spent.steps + more_steps > self._steps:
            raise reached("steps", self._steps, spent.steps)
        if limits.tokens is not None and spent.tokens + more_tokens >= limits.tokens:
            raise reached(
                "tokens", limits.tokens, spent.tokens, f", and the next call takes about {more_tokens}"
            )
        if limits.cost is not None and spent.cost >= limits.cost:
            raise reached("cost", limits.cost, round(spent.cost, 6))
        if limits.seconds is not None and spent.seconds >= limits.seconds:
            raise reached("seconds", limits.seconds, round(spent.seconds, 3))
        return spent

    def seconds_left(self, spent: Spending) -> float:
        """How long the next step may take."""
        if self._limits.seconds is None:
            return self._step_limit
        return min(self._limits.seconds - spent.seconds, self._step_limit)

    @asynccontextmanager
    async def time(self, spent: Spending) -> AsyncGenerator[None]:
        """A block that may take as long as the next step.

        Raises:
            LimitReachedError: it took longer.
        """
        seconds = self.seconds_left(spent)
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                yield
        except TimeoutError:
            if limit.expired():
                raise self.out_of_time(spent, seconds) from None
            raise

    def tokens_left(self, spent: Spending, asked: int) -> int | None:
        """How many tokens an answer may have, after a question of about so many; none: as many as it likes."""
        return None if self._limits.tokens is None else max(1, self._limits.tokens - spent.tokens - asked)

    def out_of_time(self, spent: Spending, seconds: float) -> LimitReachedError:
        """The error for a step that was cut off after so many seconds."""
        if self._limits.seconds is not None and seconds < self._step_limit:
            return reached("seconds", self._limits.seconds, round(spent.seconds + seconds, 3))
        return LimitReachedError(f"A step took longer than {self._step_limit:g} seconds.", limit="step_limit")

    def check_progress(self, steps: Sequence[RunStep]) -> None:
        """Returns while the run gets somewhere.

        Raises:
            LoopDetectedError: the model turns in a circle.
            StalledError: it answers nothing.
        """
        exchanges = _exchanges(steps, LONGEST_CYCLE * self._repeats)
        for length in range(1, LONGEST_CYCLE + 1):
            tail = exchanges[-length * self._repeats :]
            if len(tail) == length * self._repeats and tail == tail[:length] * self._repeats and all(tail):
                raise LoopDetectedError(
                    f"The model asked {self._repeats} times in a row for {_names(steps, length)}, with the same "
                    "arguments and the same results.",
                    repeats=self._repeats,
                )
        answers = [step for step in steps if step["kind"] == "model" and step["status"] == "completed"]
        if len(answers) >= EMPTY_ANSWERS and all(is_empty(step) for step in answers[-EMPTY_ANSWERS:]):
            raise StalledError(f"The model answered nothing, {EMPTY_ANSWERS} times in a row.")


def reached(name: str, limit: float, used: float, more: str = "") -> LimitReachedError:
    """The error for a limit of a run."""
    detail = f"The run may use {limit:g} {name} and has used {used:g}{more}."
    return LimitReachedError(detail, limit=name, allowed=limit, used=used)


def _exchanges(steps: Sequence[RunStep], most: int) -> list[bytes]:
    """What the last answers of the model asked of tools and what those said, as something to compare; empty: nothing."""
    asked = [step["number"] for step in steps if step["kind"] == "model" and step["status"] == "completed"][
        -most:
    ]
    results: dict[int, list[tuple[int, str, Any, Any]]] = {number: [] for number in asked}
    for step in steps:
        if step["kind"] == "tool" and (found := results.get(given(step).get("asked", 0))) is not None:
            where = given(step)
            said = step["output"] if step["output"] is not None else step["error"]
            found.append((where.get("index", 0), step["name"], where.get("arguments"), said))
    for found in results.values():
        found.sort(key=lambda entry: entry[0])
    return [jsonio.encode(found) if found else b"" for found in results.values()]


def _names(steps: Sequence[RunStep], length: int) -> str:
    names = [step["name"] or "" for step in steps if step["kind"] == "tool"]
    return ", ".join(dict.fromkeys(names[-length:]))
