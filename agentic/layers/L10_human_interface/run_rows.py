"""Rows of runs, with what each has taken up to now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from agentic.layers.base import states
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.error_codes import NotFoundError
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L10_human_interface.formats import clipped, short_id, took
from agentic.layers.L10_human_interface.render import Renderer
from agentic.layers.L10_human_interface.rows import AgentNames, Kept
from agentic.layers.L10_human_interface.run_lines import said_in

FINAL: Final = states.final_states(states.RUN)
PAGE: Final = 1000
TITLE: Final = 120
OWN_WORK: Final[Mapping[str, str]] = {
    "L05:plan_goal": "Making a plan",
    "L05:carry_plan": "Carrying out a plan",
    "L05:carry_goal": "Working for a goal",
    "L06:experiment": "Experiment",
    "L07:improvement": "Looking for an improvement",
    "L07:export": "Export of examples",
}
"""Runs that carry the durable work of a layer, by the name of its function."""


class Tally(NamedTuple):
    """What a run has taken: the sum of its steps up to the last one that was counted."""

    steps: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0


class RunRow(NamedTuple):
    """A run as a row shows it."""

    id: str
    title: str
    status: str
    agent_id: str | None
    agent: str
    tally: Tally
    created_at: str
    started_at: str | None
    completed_at: str | None
    forked: bool
    model: str

    @property
    def took(self) -> str:
        """How long it took; a dash for one that has not ended."""
        return took(self.started_at, self.completed_at)


class ShownRun(NamedTuple):
    """A run with its row as HTML."""

    run: Run
    html: str


def title_of(run: Run) -> str:
    """What a run is called: what it is for, when it is the platform's own work, or the beginning of what it was given."""
    own = OWN_WORK.get(str(run["configuration"].get("function")))
    return own or clipped(said_in(run["input"]), TITLE) or f"Run {short_id(run['id'])}"


class Tallies:
    """The sums of runs that are not over, which their rows do not hold: each step is read once."""

    def __init__(self, l01: L01Client) -> None:
        self._l01 = l01
        self._kept: Kept[str, Tally] = Kept()

    async def of(self, run: Run) -> Tally:
        """What a run has taken up to now; of one that is over, what it was booked with."""
        booked = Tally(run["steps"], run["input_tokens"], run["output_tokens"], run["cost"])
        if run["status"] in FINAL:
            return booked
        tally = self._kept.get(run["id"]) or Tally()
        while steps := await self._l01.runs.steps(run["id"], after=tally.steps, limit=PAGE):
            tally = Tally(
                steps[-1]["number"],
                tally.input_tokens + sum(step["input_tokens"] for step in steps),
                tally.output_tokens + sum(step["output_tokens"] for step in steps),
                round(tally.cost + sum(step["cost"] for step in steps), 6),
            )
            if len(steps) < PAGE:
                break
        self._kept.put(run["id"], tally)
        # Booked are calls too that came to no step.
        return Tally(
            max(tally.steps, booked.steps),
            max(tally.input_tokens, booked.input_tokens),
            max(tally.output_tokens, booked.output_tokens),
            max(tally.cost, booked.cost),
        )


class RunRows:
    """Makes rows."""

    def __init__(self, l01: L01Client, renderer: Renderer, names: AgentNames) -> None:
        self._l01 = l01
        self._renderer = renderer
        self._names = names
        self.tallies = Tallies(l01)
        self._shown: Kept[str, tuple[int, ShownRun | None]] = Kept()

    async def of(self, runs: Iterable[Run]) -> list[RunRow]:
        """The rows of these runs, in their order."""
        return await asyncio.gather(*map(self.row, runs))

    async def row(self, run: Run) -> RunRow:
        """The row of one run."""
        agent_id = run["agent_id"]
        tally, name = await asyncio.gather(self.tallies.of(run), self._name(agent_id))
        return RunRow(
            run["id"],
            title_of(run),
            run["status"],
            agent_id,
            name,
            tally,
            run["created_at"],
            run["started_at"],
            run["completed_at"],
            run["forked_from"] is not None,
            str(run["configuration"].get("model") or ""),
        )

    async def _name(self, agent_id: str | None) -> str:
        return await self._names.name(agent_id) if agent_id else ""

    async def at(self, run_id: str, position: int) -> ShownRun | None:
        """A run with its row as it is at a position or later; none when there is no such run."""
        kept = self._shown.get(run_id)
        if kept is None or kept[0] < position:
            kept = (position, await self._render(run_id))
            self._shown.put(run_id, kept)
        return kept[1]

    async def _render(self, run_id: str) -> ShownRun | None:
        try:
            run = await self._l01.runs.get(run_id)
        except NotFoundError:
            return None
        return ShownRun(run, self._renderer.macro("macros/runs.html", "run_row", await self.row(run)))
