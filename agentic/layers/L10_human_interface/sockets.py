"""`/ws/events`: the public stream of events as JSON, and with `format=html` the fragments of a page.

The stream sends one message for each event and never skips one: a client that is slower than its buffer is served from
the log. A page gets frames: few, small, one at a time, each after the page has said that it painted the last one.
"""

from __future__ import annotations

from contextlib import aclosing

from fastapi import APIRouter, WebSocket

from agentic.layers.base.broadcast import Writer, writer_of
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import FeedEvent
from agentic.layers.L10_human_interface.connection import INVALID, Socket, whole_number
from agentic.layers.L10_human_interface.page_socket import PageSocket
from agentic.layers.L10_human_interface.settings import L10Settings
from agentic.layers.L10_human_interface.views.catalogue import Views
from agentic.layers.L10_human_interface.wanted import NAMES, Wanted
from agentic.layers.L10_human_interface.web_site import Site


def routes(site: Site, settings: L10Settings) -> APIRouter:
    """`/ws/events`."""
    router = APIRouter()
    views = Views(site)

    @router.websocket("/ws/events")
    async def events(websocket: WebSocket) -> None:  # pyright: ignore[reportUnusedFunction]
        query = dict(websocket.query_params)
        await websocket.accept()
        try:
            if query.pop("format", "json") == "html":
                socket: Socket = PageSocket(websocket, settings, site, views, query)
            else:
                socket = EventSocket(websocket, settings, site, query)
        except PlatformError as error:
            await websocket.close(INVALID, error.detail[:100])
            return
        await socket.run()

    return router


class EventSocket(Socket):
    """The public stream: each event as it was published, one message each."""

    def __init__(
        self, websocket: WebSocket, settings: L10Settings, site: Site, query: dict[str, str]
    ) -> None:
        super().__init__(websocket, settings)
        self._hub = site.hub
        self._after = whole_number("after", query.pop("after", None))
        for name in query:
            if name not in NAMES:
                raise InvalidError.of((name, f"not one of after, {', '.join(NAMES)}"))
        self._wanted = Wanted(query)

    async def send_all(self) -> None:
        """What was missed, then what comes."""
        await self._hub.started.wait()
        writer = writer_of(self._websocket.scope)
        if writer is None or (self._after or 0) > self._hub.position:
            await self._one_by_one()
            return
        try:
            await self._together(writer)
        except TimeoutError:
            writer.abort()

    async def _one_by_one(self) -> None:
        async with aclosing(self._hub.stream(self._after, self._wanted)) as stream:
            async for batch in stream:
                await self._deliver_events(batch)

    async def _together(self, writer: Writer) -> None:
        position = self._hub.position if self._after is None else self._after
        while True:
            position = await self._catch_up(position)
            # Nothing is awaited between having everything and joining those who have.
            position = await self._hub.broadcast_to(writer, self._wanted)

    async def _catch_up(self, position: int) -> int:
        while position < (known := self._hub.position):
            async for batch in self._hub.missed(position, self._wanted):
                await self._deliver_events(batch)
                position = batch[-1].position if batch else position
            position = max(position, known)
        return position

    async def _deliver_events(self, batch: list[FeedEvent]) -> None:
        await self.deliver(*(event.json.decode() for event in batch))
