"""Limits, circles and silence, from the steps of a run."""

from __future__ import annotations

from typing import Any

import pytest

from agentic.layers.L02_agent_runtime.configuration import Limits
from agentic.layers.L02_agent_runtime.errors import LimitReachedError, LoopDetectedError, StalledError
from agentic.layers.L02_agent_runtime.limits import Beside, Guard, Spending
from agentic.layers.L02_agent_runtime.settings import L02Settings
from tests.layers.L02.made import asked, step, used


def guard(**limits: Any) -> Guard:
    return Guard(Limits(**limits), L02Settings(max_steps=50, repeats=3))


def test_each_limit_is_looked_at_before_the_step() -> None:
    steps = [
        asked(1, ("add", {}), input_tokens=60, output_tokens=30, cost=0.5),
        used(2, 1, 0, started_at="2026-11-26T12:00:00Z", completed_at="2026-11-26T12:00:05Z"),
    ]
    guard(steps=3, tokens=200, cost=1, seconds=6).check(steps, more_tokens=100)
    for limits, more, named in (
        ({"steps": 2}, 0, "steps"),
        ({"tokens": 200}, 110, "tokens"),
        ({"cost": 0.5}, 0, "cost"),
        ({"seconds": 5}, 0, "seconds"),
    ):
        with pytest.raises(LimitReachedError) as caught:
            guard(**limits).check(steps, more_tokens=more)
        assert caught.value.members["limit"] == named
    with pytest.raises(LimitReachedError, match="50 steps"):
        guard().check([asked(n, text="x") for n in range(1, 51)])


def test_the_time_of_steps_at_once_counts_once_and_waiting_does_not() -> None:
    def at(number: int, kind: str, start: int, end: int) -> Any:
        return step(
            number,
            kind,
            started_at=f"2026-11-26T12:00:{start:02}Z",
            completed_at=f"2026-11-26T12:00:{end:02}Z",
        )

    steps = [at(1, "tool", 0, 10), at(2, "tool", 5, 12), at(3, "sleep", 12, 50), at(4, "model", 50, 53)]
    assert Spending(steps).seconds == 15.0
    assert guard(seconds=20).seconds_left(Spending(steps)) == 5.0


def test_what_calls_used_that_came_to_no_step_counts() -> None:
    spent = Spending([asked(1, text="x", input_tokens=6, output_tokens=3, cost=0.5)], Beside(100, 0.25))
    assert (spent.tokens, spent.cost) == (109, 0.75)


def test_what_agents_called_cost_counts() -> None:
    steps = [used(2, 1, 0, {"child_run": "x", "output": "y", "cost": 0.25})]
    assert Spending(steps).cost == 0.25


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_circle_is_seen(length: int) -> None:
    steps: list[Any] = []
    for turn in range(3 * length):
        number = 2 * turn + 1
        name = f"tool{turn % length}"
        steps += [
            asked(number, (name, {"x": 1})),
            used(number + 1, number, 0, "same", name=name, arguments={"x": 1}),
        ]
    guard().check_progress(steps[:-2])
    with pytest.raises(LoopDetectedError, match="3 times in a row"):
        guard().check_progress(steps)


def test_other_results_are_progress() -> None:
    steps: list[Any] = []
    for turn in range(10):
        number = 2 * turn + 1
        steps += [asked(number, ("look", {})), used(number + 1, number, 0, f"{turn} % done", name="look")]
    guard().check_progress(steps)


def test_silence_is_seen() -> None:
    guard().check_progress([asked(1)])
    with pytest.raises(StalledError):
        guard().check_progress([asked(1), asked(2)])
