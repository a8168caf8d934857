"""HTTP and WebSockets on endpoints that are bound already: one uvicorn server for each, all in this event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from agentic.layers.base.broadcast import BroadcastProtocol
from agentic.layers.base.browser_guard import BrowserGuard, GuardSettings
from agentic.platform.draining import Draining
from agentic.platform.ports import Endpoint

log = structlog.get_logger()

DRAIN: Final = 1.5
"""Seconds that requests have to finish when the platform stops; what is left is answered 503."""
CUT: Final = 0.3
"""Seconds after that until the connections of clients that read nothing are dropped."""
KEEP_ALIVE: Final = 75
"""Seconds; longer than clients keep idle connections (30), so that they never use one that is just being closed."""
PING: Final = 15.0
"""Seconds between the pings of a WebSocket."""


class Server(uvicorn.Server):
    """Signals are for the whole process, not for one of its servers."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Captures none."""
        yield


@asynccontextmanager
async def serving(
    apps: Mapping[Endpoint, ASGIApp], *, public: bool = False
) -> AsyncGenerator[asyncio.Task[None]]:
    """Serves each app on its endpoint while the block lasts; leaving it drains and closes them.

    What other sites make this machine's browser ask is refused before an app sees it.

    What is yielded ends, with its error, when one of the servers does, which it should not.
    """
    hosts = GuardSettings().hosts
    drains = {
        endpoint: Draining(BrowserGuard(app, public=public, hosts=hosts)) for endpoint, app in apps.items()
    }
    servers = [(_server(drain), endpoint) for endpoint, drain in drains.items()]
    tasks = [asyncio.create_task(server.serve(list(endpoint.sockets))) for server, endpoint in servers]
    watch = asyncio.create_task(_first_end(tasks))
    try:
        yield watch
    finally:
        watch.cancel()
        for server, _ in servers:
            server.should_exit = True
        await _drain(list(drains.values()), tasks)


async def _drain(drains: list[Draining], tasks: list[asyncio.Task[None]]) -> None:
    for drain in drains:
        drain.end_streams()
    _, left = await asyncio.wait(tasks, timeout=DRAIN)
    if not left:
        return
    for drain in drains:
        drain.end_all()
    _, left = await asyncio.wait(left, timeout=CUT)
    if left:
        log.warning("connections were cut off", servers=len(left))
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


async def _first_end(tasks: list[asyncio.Task[None]]) -> None:
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    raise RuntimeError("a server ended by itself")


def _server(app: ASGIApp) -> Server:
    return Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws=BroadcastProtocol,
            ws_ping_interval=PING,
            ws_ping_timeout=PING,
            ws_per_message_deflate=False,  # local readers; compressing each event for each of them costs more
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE,
        )
    )
