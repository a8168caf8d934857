"""How a command reaches the database: that of the environment, or of the platform that runs on the data folder.

When none runs, the embedded servers are started for as long as the command takes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from agentic.platform.command_error import CommandError
from agentic.platform.embedded import Embedded, RunningServer, running
from agentic.platform.state import read_state
from agentic.platform.stores import Store, Yours

Progress = Callable[[str], None]


class NothingThereError(CommandError):
    """There is no database yet."""


@asynccontextmanager
async def database_in_use(data_dir: Path, progress: Progress, *, make: bool = True) -> AsyncGenerator[Store]:
    """The database; the embedded one is made when there is none, unless `make` says not to.

    Raises:
        NothingThereError: there is none, and it is not to be made.
        EmbeddedError: the embedded one cannot run.
    """
    if (url := Yours.from_environment().database_url) is not None:
        yield Store(url, embedded=False, server="", pid=None)
    elif (state := read_state(data_dir)) is not None:
        yield state.database
    elif (found := running(data_dir)) is not None and found.database is not None:
        yield _embedded(found.database)
    elif not (make or (data_dir / "servers" / "postgres").is_dir()):
        raise NothingThereError(f"There is no database in {data_dir} yet; `platform up` makes it.")
    else:
        async with Embedded(data_dir, bus=False, progress=progress) as servers:
            assert servers.database is not None
            yield _embedded(servers.database)


def _embedded(server: RunningServer) -> Store:
    return Store(server.url, embedded=True, server=f"{server.name} {server.version}", pid=server.pid)
