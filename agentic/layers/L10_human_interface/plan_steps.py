"""The steps of a plan as they are written, right or wrong: what each is called, who does it, what it waits for.

A page shows a plan without the layer that carries it out, and as it was; so what a step waits for is read here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple, cast

from agentic.layers.L01_data_layer.models.plan import Plan
from agentic.layers.L10_human_interface.formats import clipped

TITLE: Final = 120
DOERS: Final = ("agent", "tool", "capability", "goal")
SEQUENTIAL: Final = "sequential"


class PlanStep(NamedTuple):
    """One step. `key` is its id, or what tells it apart where it has none of its own."""

    number: int
    key: str
    title: str
    doer: str
    """What does it: one of `DOERS`, or nothing."""
    by: str
    waits: tuple[str, ...]
    raw: dict[str, Any]

    @property
    def asks(self) -> bool:
        """True when a person is asked first."""
        return bool(self.raw.get("approval"))


def steps_of(plan: Plan) -> list[PlanStep]:
    """The steps of a plan, in their order."""
    found: dict[str, PlanStep] = {}
    before: str | None = None
    for number, value in enumerate(plan["steps"], 1):
        raw = cast("dict[str, Any]", value) if isinstance(value, dict) else {"description": str(value)}
        key = str(raw.get("id") or number)
        key = f"{key} ({number})" if key in found else key
        waits = list(_waits(raw))
        if plan["plan_type"] == SEQUENTIAL and before is not None:
            waits.append(before)
        found[key] = _step(number, key, tuple(dict.fromkeys(waits)), raw)
        before = key
    return list(found.values())


def _step(number: int, key: str, waits: tuple[str, ...], raw: dict[str, Any]) -> PlanStep:
    doer = next((name for name in DOERS if raw.get(name)), "")
    by: Any = raw.get(doer, "")
    if isinstance(by, dict):
        by = cast("dict[str, Any]", by).get("description", "")
    return PlanStep(
        number,
        key,
        clipped(str(raw.get("description") or key), TITLE),
        doer,
        clipped(str(by), TITLE),
        waits,
        raw,
    )


def _waits(raw: dict[str, Any]) -> Iterator[str]:
    depends_on: Any = raw.get("depends_on")
    if isinstance(depends_on, list):
        yield from (str(each) for each in cast("list[Any]", depends_on))
    yield from _references([raw.get("input"), raw.get("condition")])


def _references(values: Sequence[Any]) -> Iterator[str]:
    """The steps whose outputs are wanted anywhere in these values."""
    rest = list(reversed(values))
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            fields = cast("dict[str, Any]", value)
            if isinstance(fields.get("$from"), str):
                yield fields["$from"]
            rest.extend(reversed(list(fields.values())))
        elif isinstance(value, list):
            rest.extend(reversed(cast("list[Any]", value)))
