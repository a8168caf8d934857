"""The steps of a run of somebody's own code, found again by the place in the code that they were taken at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L02_agent_runtime.errors import ReplayError
from agentic.layers.L02_agent_runtime.step_parts import given


@dataclass
class Recorded:
    """The steps of the run by their place."""

    steps: dict[str, RunStep] = field(default_factory=dict[str, RunStep])
    used: set[str] = field(default_factory=set[str])
    furthest: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, step: RunStep) -> None:
        """Takes a step in, if it was taken by the code. A model's failure is no answer: it is asked again."""
        at: str | None = given(step).get("at")
        if at is None or (step["kind"] == "model" and step["status"] == "failed"):
            return
        self.steps[at] = step
        path, _, number = at.rpartition("/")
        self.furthest[path] = max(self.furthest.get(path, 0), int(number))

    def find(self, at: str, kind: str, name: str, digest: str | None) -> RunStep | None:
        """The step at a place.

        Raises:
            ReplayError: it is another one, or there are only later ones.
        """
        step = self.steps.get(at)
        if step is None:
            path, _, number = at.rpartition("/")
            if self.furthest.get(path, 0) > int(number):
                raise _mismatch(
                    f"The code now calls {kind} {name!r} where this run has no step ({at}), before steps that it has."
                )
            return None
        self.used.add(at)
        was = f"Step {step['number']} of this run is {step['kind']} {step['name']!r}"
        if (step["kind"], step["name"]) != (kind, name):
            raise _mismatch(
                f"{was}; at this place ({at}) the code now calls {kind} {name!r}.", step=step["number"]
            )
        if digest is not None and given(step).get("is") != digest:
            raise _mismatch(f"{was}; the code now calls it with other arguments ({at}).", step=step["number"])
        return step

    def check_used(self) -> None:
        """Returns when the code has come by every step.

        Raises:
            ReplayError: it has ended without.
        """
        left = [step for at, step in self.steps.items() if at not in self.used]
        if left:
            first = min(left, key=lambda step: step["number"])
            raise _mismatch(
                f"The code has ended without step {first['number']} of this run, {first['kind']} {first['name']!r}.",
                step=first["number"],
            )


def _mismatch(detail: str, **members: Any) -> ReplayError:
    advice = " It has changed since the run began, or does not do the same each time: fork the run from an earlier step."
    return ReplayError(detail + advice, **members)
