"""The live view of one agent: what it is, its runs, its timeline, and the conversation that is open."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager

import structlog
from markupsafe import escape

from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L01_data_layer.models.error_codes import NotFoundError
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L10_human_interface import words
from agentic.layers.L10_human_interface.conversation import belongs, conversation, turn_of
from agentic.layers.L10_human_interface.live_answers import Growing
from agentic.layers.L10_human_interface.opinions import on_run
from agentic.layers.L10_human_interface.run_record import FINAL
from agentic.layers.L10_human_interface.runs_query import RunsQuery
from agentic.layers.L10_human_interface.views.row_fragments import MOST
from agentic.layers.L10_human_interface.views.runs import run_partials, shown_runs
from agentic.layers.L10_human_interface.views.sections import NOTHING
from agentic.layers.L10_human_interface.views.ticks import Ticks, partial
from agentic.layers.L10_human_interface.views.view import View
from agentic.layers.L10_human_interface.wanted import OfAgent
from agentic.layers.L10_human_interface.web_site import Site

log = structlog.get_logger()


class Agent(View):
    """One agent, on one of its tabs."""

    def __init__(self, site: Site, ticks: Ticks, filters: Mapping[str, str]) -> None:
        super().__init__(site, ticks, {})
        self._id = filters.get("aggregate_id", NOTHING["aggregate_id"])
        self._tab = filters.get("tab", "timeline")
        self._session = filters.get("session")
        self.wanted = OfAgent(self._id, runs=self._tab == "runs")
        self._listening = ExitStack()
        self._changed: Callable[[], None] = _nothing
        self._growing: dict[str, tuple[Growing, int]] = {}
        """The answers that are being given in this conversation, each with the last step that is written."""

    @asynccontextmanager
    async def shown(self, changed: Callable[[], None]) -> AsyncGenerator[None]:
        """Listens to the turns of the conversation that are not over."""
        self._changed = changed
        with self._listening:
            try:
                talk = await conversation(self.site, self._session) if self._session else None
                for turn in talk.turns if talk else ():
                    if not turn.over:
                        self._listen(turn.id, turn.tally.steps)
            except PlatformError as error:
                log.warning("a conversation waits for the data layer", error=str(error))
            yield

    def _listen(self, run_id: str, last: int) -> Growing:
        known = self._growing.get(run_id)
        if known is None:
            answer = self._listening.enter_context(self.site.answers.watched(run_id, self._changed))
            known = (Growing(answer), last)
        self._growing[run_id] = (known[0], last)
        return known[0]

    async def changes(self, events: Sequence[FeedEvent]) -> list[str]:
        """What it is now, and what happened."""
        own = [event for event in events if event.aggregate_type == "agent"]
        others = [event for event in events if event.aggregate_type != "agent"]
        return [*(await self._of_agent(own) if own else ()), *(await self._of_runs(others) if others else ())]

    async def _of_agent(self, events: Sequence[FeedEvent]) -> list[str]:
        fragments: list[str] = []
        if self._tab == "timeline":
            shown = await self.site.rows.followed(events[-MOST:])
            items = [self.site.renderer.macro("macros/timeline.html", "knot", row) for row in reversed(shown)]
            fragments.append(partial("#timeline", "rows", "".join(items)))
        try:
            agent = await self.site.l01.agents.get(self._id)
        except NotFoundError:
            return fragments
        actions = words.agent_actions(agent["status"])
        head = self.site.renderer.block("agent", "head", agent=agent, actions=actions)
        return [*fragments, partial("#agent-head", "outerMorph", head)]

    async def _of_runs(self, events: Sequence[FeedEvent]) -> list[str]:
        shown = [run for run in await shown_runs(self.site, events) if run.run["agent_id"] == self._id]
        turns = [run.run for run in reversed(shown) if self._is_turn(run.run)]
        told = "".join([await self._turn(run) for run in turns])
        return [
            *run_partials(shown, RunsQuery(agent_id=self._id)),
            *([partial("#turns", "rows at:end", told)] if told else ()),
        ]

    def _is_turn(self, run: Run) -> bool:
        return self._session is not None and run["session_id"] == self._session and belongs(run)

    async def _turn(self, run: Run) -> str:
        turn = await turn_of(self.site, run)
        if run["status"] in FINAL:
            self._growing.pop(run["id"], None)
            turn = turn._replace(opinion=next(iter(await on_run(self.site, run["id"])), None))
        else:
            _, text = self._listen(run["id"], turn.tally.steps).whole(turn.tally.steps)
            turn = turn._replace(text=text)
        return self.site.renderer.macro("macros/chat.html", "turn", turn)

    def told(self) -> list[str]:
        """The answers as they grow."""
        fragments: list[str] = []
        for run_id, (growing, last) in self._growing.items():
            fresh = growing.fresh(last)
            if fresh is not None:
                swap = "innerHTML" if fresh.begins else "beforeend"
                fragments.append(partial(f"#text-{run_id}", swap, str(escape(fresh.text))))
        return fragments


def _nothing() -> None:
    pass
