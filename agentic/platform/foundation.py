"""What a platform stands on, however its layers run: the data folder, the ports, the database and the bus."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from agentic import __version__
from agentic.layers.base.ids import timestamp
from agentic.platform.embedded import DataFolderInUse, Embedded, holder
from agentic.platform.logs import LOG_FILE, log_to_file
from agentic.platform.ports import Endpoint, bind_all, port_of
from agentic.platform.state import LayerState, Mode, PlatformState
from agentic.platform.stores import Stores, Yours, embedded_for

log = structlog.get_logger()


@dataclass(frozen=True)
class Wishes:
    """What the person who starts a platform asks for."""

    host: str
    port: int
    data_dir: Path


@dataclass(frozen=True)
class Foundation:
    """What is there once it stands. `endpoints` listen already, so that a caller waits instead of being refused."""

    wishes: Wishes
    endpoints: Mapping[str, Endpoint]
    stores: Stores
    embedded: Embedded
    started_at: str = field(default_factory=timestamp)

    def describe(self, mode: Mode, url: str, layers: list[LayerState]) -> PlatformState:
        """The platform that stands on it, run by this process; `url` is the address to open."""
        return PlatformState(
            version=__version__,
            pid=os.getpid(),
            started_at=self.started_at,
            mode=mode,
            url=url,
            data_dir=str(self.wishes.data_dir),
            log=str(self.wishes.data_dir / LOG_FILE),
            layers=sorted(layers, key=lambda layer: layer.id),
            database=self.stores.database,
            bus=self.stores.bus,
        )


@asynccontextmanager
async def foundation(
    wishes: Wishes, ports: Mapping[str, int], progress: Callable[[str], None]
) -> AsyncGenerator[Foundation]:
    """Binds `ports` (as in the specification, moved by the wish), then starts the servers that are not yours.

    Raises:
        DataFolderInUse: a platform runs on the data folder; nothing else is said then, such as that ports are taken.
        PortError, EmbeddedError: why it cannot stand.
    """
    if (found := holder(wishes.data_dir)) is not None:
        raise DataFolderInUse(wishes.data_dir, found.pid, found.address)
    endpoints = bind_all(wishes.host, {name: port_of(port, wishes.port) for name, port in ports.items()})
    with ExitStack() as stack:
        for endpoint in endpoints.values():
            stack.callback(endpoint.close)
        yours = Yours.from_environment()

        def tell(what: str) -> None:
            log.info("servers", says=what)
            progress(what)

        embedded = embedded_for(yours, wishes.data_dir, tell)
        async with embedded as servers:
            log_to_file(wishes.data_dir / LOG_FILE)
            stores = yours.beside(servers)
            stores.export()
            yield Foundation(wishes, endpoints, stores, embedded)
