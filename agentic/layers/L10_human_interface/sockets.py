"""`/ws/events`: the public stream of events as JSON, and with `format=html` the fragments of a page.

The stream sends one message for each event and never skips one: a client that is slower than its buffer is served from
the log. A page gets frames: few, small, one at a time, each after the page has said that it painted the last one.
"""

from __future__ import annotations

from contextlib import aclosing

from fastapi import APIRouter, WebSocket

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.errors import PlatformError
from agentic.layers.L10_human_interface.connection import INVALID, Socket, whole_number
from agentic.layers.L10_human_interface.page_socket import PageSocket
from agentic.layers.L10_human_interface.settings import L10Settings
from agentic.layers.L10_human_interface.views import Views
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
        after = whole_number("after", query.pop("after", None))
        for name in query:
            if name not in NAMES:
                raise InvalidError.of((name, f"not one of after, {', '.join(NAMES)}"))
        self._stream = site.hub.stream(after, Wanted(query))

    async def send_all(self) -> None:
        """What was missed, then what comes."""
        async with aclosing(self._stream) as stream:
            async for batch in stream:
                await self.deliver(*(event.json.decode() for event in batch))
