"""The live views of the list of goals, and of one goal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L10_human_interface.formats import compact
from agentic.layers.L10_human_interface.goal_page import head_of
from agentic.layers.L10_human_interface.goal_rows import GoalRow, PlanRow, goal_rows, plan_rows
from agentic.layers.L10_human_interface.goals_query import GoalsQuery
from agentic.layers.L10_human_interface.runs_query import RunsQuery
from agentic.layers.L10_human_interface.views.row_fragments import changed, row_fragments
from agentic.layers.L10_human_interface.views.runs import run_partials, shown_runs
from agentic.layers.L10_human_interface.views.sections import NOTHING
from agentic.layers.L10_human_interface.views.ticks import Fragments, Ticks, partial
from agentic.layers.L10_human_interface.views.view import View
from agentic.layers.L10_human_interface.wanted import Belonging
from agentic.layers.L10_human_interface.web_site import Site

OF_GOAL = "goal.*,plan.*,run.*,run_step.created"


class Goals(View):
    """The list of goals."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {"aggregate_type": "goal"})
        self._shown = GoalsQuery.of(filters)
        self._ticks = ticks
        self.tick = self._tick

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """Goals, changed in place or new."""
        rows = await _goals(self.site, events)
        return row_fragments("#goal-rows", rows, lambda row: self._shown.lets_in(row.item), self._html)

    def _html(self, row: GoalRow) -> str:
        return self.site.renderer.macro("macros/goals.html", "goal_row", row)

    async def _tick(self) -> Fragments:
        counts, by_status = await asyncio.gather(self._ticks.counts(), self.site.figures.goals())
        chips = {
            f"goal status {name}": partial(f"#goal-status-{name}", "textContent", compact(count))
            for name, count in (*by_status.items(), ("any", sum(by_status.values())))
        }
        return {**counts, **chips}


class Goal(View):
    """One goal with its plans, its parts, and the runs for it."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {})
        self._id = filters.get("goal_id", NOTHING["aggregate_id"])
        self.wanted = Belonging(self._id, OF_GOAL)

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """What it is now, and what became of what belongs to it."""
        goal = await self.site.l01.goals.get(self._id)
        render = self.site.renderer
        parts = [row for row in await _goals(self.site, events) if row.item["id"] != self._id]
        plans = await asyncio.gather(*map(self.site.l01.plans.get, changed(events, "plan")))
        runs = [run for run in await shown_runs(self.site, events) if run.run["goal_id"] == self._id]
        return [
            partial(
                "#goal-head", "outerMorph", render.block("goal", "head", **await head_of(self.site, goal))
            ),
            partial("#goal-outcome", "outerMorph", render.block("goal", "outcome", goal=goal)),
            *row_fragments(
                "#plan-rows",
                await plan_rows(self.site.rows.names, plans),
                lambda row: row.item["goal_id"] == self._id,
                self._plan,
            ),
            *row_fragments(
                "#part-rows", parts, lambda row: row.item["parent_goal_id"] == self._id, self._part
            ),
            *run_partials(runs, RunsQuery(goal_id=self._id)),
        ]

    def _plan(self, row: PlanRow) -> str:
        return self.site.renderer.macro("macros/goals.html", "plan_row", row)

    def _part(self, row: GoalRow) -> str:
        return self.site.renderer.macro("macros/goals.html", "goal_row", row)


async def _goals(site: Site, events: Sequence[FeedEvent]) -> list[GoalRow]:
    goals = await asyncio.gather(*map(site.l01.goals.get, changed(events, "goal")))
    return await goal_rows(site.rows.names, goals)
