"""The live view of one run: its steps as they are written, and the text of the answer that is being given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog
from markupsafe import escape

from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import FeedEvent, event_of
from agentic.layers.L10_human_interface.live_answers import Growing
from agentic.layers.L10_human_interface.opinions import on_run
from agentic.layers.L10_human_interface.run_page import (
    Answering,
    answering,
    asked_in,
    head_of,
    opinions_on,
)
from agentic.layers.L10_human_interface.run_record import RunRecord
from agentic.layers.L10_human_interface.views.sections import NOTHING
from agentic.layers.L10_human_interface.views.ticks import Ticks, partial
from agentic.layers.L10_human_interface.views.view import View
from agentic.layers.L10_human_interface.wanted import of_run
from agentic.layers.L10_human_interface.web_site import Site

log = structlog.get_logger()


class Run(View):
    """One run with its timeline."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        self._id = filters.get("run_id", NOTHING["aggregate_id"])
        super().__init__(site, ticks, {})
        self.wanted = of_run(self._id)
        self._record: RunRecord | None = None
        self._growing: Growing | None = None
        self._shown: Answering | None = None
        self._over = False

    @asynccontextmanager
    async def shown(self, changed: Callable[[], None]) -> AsyncGenerator[None]:
        """Reads the run, and listens to it."""
        with self.site.answers.watched(self._id, changed) as answer:
            self._growing = Growing(answer)
            try:
                await self._load()
            except PlatformError as error:
                log.warning("a run's page waits for the data layer", run=self._id, error=str(error))
            yield

    async def _load(self) -> RunRecord:
        self._record = await RunRecord.load(self.site.l01, self._id)
        self.wanted.known |= self._record.belongings
        self.wanted.known |= {each["id"] for each in await asked_in(self.site, self._id)}
        self.wanted.known |= {each["id"] for each in await on_run(self.site, self._id)}
        return self._record

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """What is new in the timeline, and what the run is now."""
        record = self._record
        if record is None:
            record = await self._load()
            lines = record.lines()
        else:
            # What came between the page and its socket is in the record already, and not on the page.
            lines = await record.refresh({_key(event) for event in events})
        top, asked = await asyncio.gather(head_of(self.site, record), asked_in(self.site, self._id))
        render = self.site.renderer
        steps = "".join(render.macro("macros/steps.html", "step", line) for line in lines)
        fragments = [partial("#run-head", "outerMorph", render.block("run", "head", top=top))]
        if steps:
            fragments.append(partial("#steps", "rows at:end", steps))
        if any(map(_is_about_asking, events)):
            asks = render.block("run", "asks", asked=asked, run=record.run, top=top)
            fragments.append(partial("#run-asks", "outerMorph", asks))
        if any(event.aggregate_type == "feedback" for event in events):
            opinions = await opinions_on(self.site, self._id)
            block = render.block("run", "opinions", opinions=opinions, run=record.run, top=top)
            fragments.append(partial("#run-opinions", "outerMorph", block))
        if top.over != self._over:  # Not more often: somebody may be writing there.
            self._over = top.over
            output = render.block("run", "output", top=top, run=record.run)
            fragments.append(partial("#run-output", "outerMorph", output))
        return fragments

    def told(self) -> list[str]:
        """The answer as it grows; another step's takes its place, and a written step takes it away."""
        if self._record is None or self._growing is None:
            return []
        now = answering(self._record)
        fresh = self._growing.fresh(self._record.last)
        if fresh is not None and now is None:
            return []
        if now == self._shown and (fresh is None or not fresh.begins):
            return [] if fresh is None else [partial("#live-text", "beforeend", str(escape(fresh.text)))]
        self._shown = now
        if now is None:
            return [partial("#live-step", "innerHTML", "")]
        number, text = self._growing.whole(self._record.last)
        step = self.site.renderer.macro("macros/steps.html", "live_step", now._replace(number=number), text)
        return [partial("#live-step", "innerHTML", step)]


def _key(event: FeedEvent) -> str:
    """The key of the line that an event is about; that of no line for others."""
    if event.event_type == "run_step.created":
        return f"step-{event_of(event)['payload']['number']}"
    return f"call-{event.aggregate_id}"


def _is_about_asking(event: FeedEvent) -> bool:
    return event.aggregate_type == "approval" or event.event_type.startswith("run.")
