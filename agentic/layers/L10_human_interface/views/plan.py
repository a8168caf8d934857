"""The live view of one plan: its graph, its head, and what it asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog

from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import FeedEvent, event_of
from agentic.layers.L10_human_interface.plan_page import asked_in, cost_of, head_of
from agentic.layers.L10_human_interface.plan_record import Node, PlanRecord, drawing_of
from agentic.layers.L10_human_interface.views.sections import NOTHING
from agentic.layers.L10_human_interface.views.ticks import Fragments, Ticks, partial
from agentic.layers.L10_human_interface.views.view import View
from agentic.layers.L10_human_interface.wanted import Belonging
from agentic.layers.L10_human_interface.web_site import Site

log = structlog.get_logger()

EVENTS: Final = "plan.*,task.*,run.*,approval.*"


class Plan(View):
    """One plan. A step that changes changes where it stands; other steps make another graph."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {})
        self._id = filters.get("plan_id", NOTHING["aggregate_id"])
        self._wanted = self.wanted = Belonging(self._id, EVENTS)
        self._record: PlanRecord | None = None
        self._ticks = ticks
        self.tick = self._tick

    @asynccontextmanager
    async def shown(self, changed: Callable[[], None]) -> AsyncGenerator[None]:
        """Reads the plan, so that what belongs to it is known."""
        try:
            await self._load()
        except PlatformError as error:
            log.warning("a plan's page waits for the data layer", plan=self._id, error=str(error))
        yield

    async def _load(self) -> PlanRecord:
        self._record = await PlanRecord.load(self.site.l01, self._id)
        self._wanted.known |= {task["id"] for task in self._record.tasks.values()}
        self._hear()
        return self._record

    def _hear(self) -> None:
        """Wants what happens in the run that carries the plan."""
        if self._record is not None and self._record.plan["run_id"] is not None:
            self._wanted.include(self._record.plan["run_id"])

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """What the plan is now, and the steps that changed."""
        record = self._record or await self._load()
        told = [event.aggregate_id for event in events if event.aggregate_type == "task"]
        nodes = await record.refresh(list(dict.fromkeys(told)))
        if any(map(_has_other_steps, events)):  # the record may have had them before the page did
            nodes = None
        self._hear()
        top, asked = await asyncio.gather(head_of(self.site, record), asked_in(self.site, record))
        render = self.site.renderer
        fragments = [
            partial(f"#plan-{name}", "outerMorph", render.block("plan", name, top=top))
            for name in ("head", "progress", "failures", "error")
        ]
        if nodes is None:
            drawn = render.block("plan", "graph", top=top, drawing=drawing_of(record), leaf=0)
            fragments.append(partial("#plan-steps", "outerMorph", drawn))
        elif nodes:
            fragments.append(partial("#plan-nodes", "rows known:true", "".join(map(self._node, nodes))))
        if any(event.aggregate_type in ("approval", "run") for event in events):
            asks = render.block("plan", "asks", asked=asked, top=top)
            fragments.append(partial("#plan-asks", "outerMorph", asks))
        return fragments

    def _node(self, node: Node) -> str:
        record = self._record
        macro = "task_node" if record is None or record.drawn else "task_row"
        return self.site.renderer.macro("macros/plans.html", macro, node)

    async def _tick(self) -> Fragments:
        record = self._record or await self._load()
        counts, cost = await asyncio.gather(self._ticks.counts(), cost_of(self.site, record))
        block = self.site.renderer.block("plan", "cost", cost=cost, plan_id=self._id)
        return {**counts, "cost": partial("#plan-cost", "outerMorph", block)}


def _has_other_steps(event: FeedEvent) -> bool:
    return event.aggregate_type == "plan" and "steps" in (event_of(event)["payload"] or {})
