"""An app on a real port: streams, sockets, backpressure and shutdown are those of production."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

PATIENCE = 10.0


@asynccontextmanager
async def served(app: Any, port: int = 0, ws: Any = "auto") -> AsyncGenerator[str]:
    """The address of `app` on an ephemeral port or a given one, in this event loop. Its lifespan is the caller's.

    What uvicorn's own main loop adds is left out: it looks for the end ten times a second, and so ends late.

    Raises:
        TimeoutError: at the end a request did not finish, such as a stream that ignores that its client is gone.
    """
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, http="httptools", ws=ws, lifespan="off", log_config=None
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    await server.on_tick(0)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        for listener in server.servers:
            listener.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        async with asyncio.timeout(PATIENCE):
            while tasks := list(server.server_state.tasks):
                await asyncio.wait(tasks)
