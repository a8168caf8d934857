"""What every page is made with: the data, the templates, the numbers around the page."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import HTMLResponse

from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L10_human_interface.agreements import Agreements
from agentic.layers.L10_human_interface.evaluation_sums import EvaluationSums
from agentic.layers.L10_human_interface.figures import Counts, Figures
from agentic.layers.L10_human_interface.hub import Hub
from agentic.layers.L10_human_interface.kind_counts import KindCounts
from agentic.layers.L10_human_interface.last_events import LastEvents
from agentic.layers.L10_human_interface.layer_health import LayerMonitor
from agentic.layers.L10_human_interface.live_answers import LiveAnswers
from agentic.layers.L10_human_interface.model_names import ModelNames
from agentic.layers.L10_human_interface.neighbours import Neighbours
from agentic.layers.L10_human_interface.planning import Planning
from agentic.layers.L10_human_interface.render import Renderer
from agentic.layers.L10_human_interface.rows import Rows
from agentic.layers.L10_human_interface.run_rows import RunRows
from agentic.layers.L10_human_interface.runtime import Runtime
from agentic.layers.L10_human_interface.tool_rows import ToolRows
from agentic.layers.L10_human_interface.usage_sums import UsageSums

SOCKET: Final = "/ws/events"


class Site:
    """One for the process."""

    def __init__(
        self,
        l01: L01Client,
        hub: Hub,
        monitor: LayerMonitor,
        runtime: Runtime,
        models: ModelNames,
        planning: Planning,
        beside: Neighbours,
    ) -> None:
        self.l01 = l01
        self.runtime = runtime
        self.models = models
        self.planning = planning
        self.beside = beside
        self.hub = hub
        self.monitor = monitor
        self.renderer = Renderer()
        self.figures = Figures(l01)
        self.kind_counts = KindCounts(l01)
        self.rows = Rows(l01, self.renderer)
        self.run_rows = RunRows(l01, self.renderer, self.rows.names)
        self.tool_rows = ToolRows(l01, self.rows.names)
        self.usage = UsageSums(l01, self.rows.names)
        self.scores = EvaluationSums(l01, self.rows.names)
        self.agreements = Agreements(beside.evaluation)
        self.answers = LiveAnswers(l01)
        self.last_events = LastEvents(l01, monitor, self.rows).known

    async def log_now(self) -> tuple[int, dict[str, str]]:
        """Where the log stands, and the place in it to read a list of events from that is to be kept up to date.

        What has no position yet is left to the socket: a row without one could be among those that a frame leaves out.
        """
        position = await self.l01.events.head()
        return position, {"cursor": str(position + 1)}

    async def moment_of(self, position: str | None) -> str | None:
        """When the event at a position happened; none without a position, or beyond the log."""
        if position is None or not position.isdigit():
            return None
        page = await self.l01.events.list(after=max(int(position) - 1, 0), limit=1)
        return page["items"][0]["created_at"] if page["items"] else None

    async def page(
        self,
        request: Request,
        page: str,
        *,
        title: str,
        current: str,
        position: int,
        filters: dict[str, str] | None = None,
        live: bool = True,
        needs_data: bool = True,
        status: int = 200,
        **context: Any,
    ) -> HTMLResponse:
        """A page of a section; `position` is where the log stood before its data was read, `filters` its live ones.

        One that needs no data does without its numbers when there are none to be had: it may be there to say what is wrong.
        """
        counts = await self._counts(needs_data)
        view = page if live else ""
        live_query = urlencode(filters or {})
        socket = f"{SOCKET}?format=html&view={view}&after={position}"
        return self.renderer.render(
            request,
            page,
            status=status,
            title=title,
            current=current,
            live=live,
            view=view,
            view_query=live_query,
            position=position,
            head=self.hub.position,
            socket=f"{socket}&{live_query}" if live_query else socket,
            counts=counts.by_section if counts else {},
            by_status=counts.by_status if counts else {},
            **{"parent": None, **context},
        )

    async def _counts(self, needed: bool) -> Counts | None:
        try:
            return await self.figures.counts()
        except PlatformError:
            if needed:
                raise
            return None
