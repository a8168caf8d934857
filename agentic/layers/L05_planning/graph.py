"""The steps of a plan by what they wait for: pure, and linear in the size of the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Final

from agentic.layers.L05_planning.conditions import reference_of
from agentic.layers.L05_planning.models import Step
from agentic.layers.L05_planning.references import references

MOST_CYCLES: Final = 20


def needs_of(steps: Sequence[Step], plan_type: str) -> dict[str, list[str]]:
    """Of each step, those that it waits for, in the order in which it names them; also such as there are not.

    Raises:
        MalformedReferenceError: a reference is none.
    """
    needs = {step.id: list(dict.fromkeys(_named_by(step))) for step in steps}
    if plan_type == "sequential":
        for before, step in pairwise(steps):
            if before.id not in needs[step.id]:
                needs[step.id].append(before.id)
    return needs


def _named_by(step: Step) -> list[str]:
    named = [*step.depends_on, *(reference.step for reference in references(step.input))]
    return [*named, reference_of(step.condition).step] if step.condition is not None else named


def cycles(needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Circles in which steps wait for each other, each from one of its steps back to it."""
    left = {step: [need for need in wanted if need in needs] for step, wanted in needs.items()}
    found: list[list[str]] = []
    while len(found) < MOST_CYCLES:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
            found.append(circle)
            # graphlib names each before the one that waits for it: without this wait, the circle is open.
            left[circle[1]] = [need for need in left[circle[1]] if need != circle[0]]
            continue
        break
    return found


def waves(needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The steps by when they can begin at the earliest: each in the wave after the last that it waits for. No circles."""
    order = TopologicalSorter(needs)
    order.prepare()
    found: list[list[str]] = []
    position = {step: index for index, step in enumerate(needs)}
    while order.is_active():
        wave = sorted(order.get_ready(), key=lambda step: position[step])
        found.append(wave)
        order.done(*wave)
    return found
