"""The services of the data layer inside a command."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.settings import L01Settings
from agentic.platform.commands.reaching import Progress, database_in_use


@asynccontextmanager
async def data_layer_in_use(
    data_dir: Path, progress: Progress, *, make: bool = True
) -> AsyncGenerator[L01Client]:
    """The services of the data layer in this process, on the platform's database.

    They need no key, and no platform that runs. There is no relay among them: what is written here is given its
    position by the platform's, which looks twice a second, or by the next one.

    Raises:
        NothingThereError: there is no database, and it is not to be made.
        EmbeddedError: the embedded database cannot run.
        PlatformError: the database cannot be used.
    """
    async with database_in_use(data_dir, progress, make=make) as store:
        layer = DataLayer(Context(), L01Settings(database_url=store.url))
        async with layer.lifespan():
            yield layer.local_client()
