"""How a command reaches the database: that of the environment, or of the platform that runs on the data folder.

When none runs, the embedded servers are started for as long as the command takes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.settings import L01Settings
from agentic.platform.embedded import Embedded, RunningServer, running
from agentic.platform.state import read_state
from agentic.platform.stores import Store, Stores, Yours, attached_or_started

Progress = Callable[[str], None]


@asynccontextmanager
async def database_in_use(data_dir: Path, progress: Progress) -> AsyncGenerator[Store]:
    """The database.

    Raises:
        EmbeddedError: the embedded one cannot run.
    """
    if (url := Yours.from_environment().database_url) is not None:
        yield Store(url, embedded=False, server="", pid=None)
    elif (state := read_state(data_dir)) is not None:
        yield state.database
    elif (found := running(data_dir)) is not None and found.database is not None:
        yield _embedded(found.database)
    else:
        async with Embedded(data_dir, bus=False, progress=progress) as servers:
            assert servers.database is not None
            yield _embedded(servers.database)


@asynccontextmanager
async def data_layer_in_use(data_dir: Path, progress: Progress) -> AsyncGenerator[DataLayer]:
    """A data layer in this process, on the same database and bus as the platform's own, which need not run.

    Raises:
        EmbeddedError: the embedded servers cannot run.
        PlatformError: the database cannot be used.
    """
    async with _stores_in_use(data_dir, progress) as stores:
        settings = L01Settings(database_url=stores.database.url, redis_url=stores.bus.url)
        layer = DataLayer(Context(), settings)
        async with layer.running():
            yield layer


@asynccontextmanager
async def _stores_in_use(data_dir: Path, progress: Progress) -> AsyncGenerator[Stores]:
    state, yours = read_state(data_dir), Yours.from_environment()
    if state is not None and not (yours.database_url or yours.redis_url):
        yield Stores(state.database, state.bus)
    else:
        async with attached_or_started(data_dir, progress) as stores:
            yield stores


def _embedded(server: RunningServer) -> Store:
    return Store(server.url, embedded=True, server=f"{server.name} {server.version}", pid=server.pid)
