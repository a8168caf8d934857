"""The live view of the list of runs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Final

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L10_human_interface.run_rows import ShownRun
from agentic.layers.L10_human_interface.runs_query import RunsQuery
from agentic.layers.L10_human_interface.views.row_fragments import MOST, row_fragments
from agentic.layers.L10_human_interface.views.ticks import Ticks
from agentic.layers.L10_human_interface.views.view import View
from agentic.layers.L10_human_interface.web_site import Site

EVENTS: Final = "run.*,run_step.created"
_RUN_ID: Final = re.compile(rb'"run_id": ?"([0-9a-f-]{36})"')


def runs_in(events: Sequence[FeedEvent]) -> dict[str, int]:
    """The runs that events are about, with the position of the newest of each; those that changed last stand last."""
    found: dict[str, int] = {}
    for event in events:
        run_id = event.aggregate_id if event.aggregate_type == "run" else run_of(event)
        if run_id:
            found.pop(run_id, None)
            found[run_id] = event.position
    return found


def run_of(event: FeedEvent) -> str:
    """The run that something belongs to, as its first event says; empty when it says none."""
    match = _RUN_ID.search(event.json)
    return match[1].decode() if match else ""


async def shown_runs(site: Site, events: Sequence[FeedEvent]) -> list[ShownRun]:
    """The runs that these events are about, each as it is now, the one that changed last first."""
    chosen = list(runs_in(events).items())[-MOST:]
    shown = await asyncio.gather(*(site.run_rows.at(*item) for item in chosen))
    return [run for run in reversed(shown) if run is not None]


def run_partials(shown: Sequence[ShownRun], query: RunsQuery) -> list[str]:
    """Their rows."""
    return row_fragments("#run-rows", shown, lambda run: query.lets_in(run.run), lambda run: run.html)


class Runs(View):
    """The list of runs, with what each takes while it runs."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {"event_type": EVENTS})
        self._shown = RunsQuery.of(filters)
        self.tick = ticks.runs

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """Runs, changed in place or new."""
        return run_partials(await shown_runs(self.site, events), self._shown)
