"""Which database and which bus: yours, by `DATABASE_URL` and `REDIS_URL`, or the embedded ones of the data folder.

The layers read those two variables themselves, alone or together, so that is how they learn the embedded ones' addresses.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agentic.layers.L01_data_layer.settings import Addresses, L01Settings
from agentic.platform.embedded import Embedded, EmbeddedServers, RunningServer, running


class Store(msgspec.Struct, frozen=True):
    """The database or the bus. The address may hold a password."""

    url: str
    embedded: bool
    server: str
    """Name and version of an embedded server; empty for yours."""
    pid: int | None

    @property
    def shown(self) -> str:
        """What a person may see: without a password."""
        return f"{self.server}, embedded" if self.embedded else f"{without_password(self.url)}, yours"


@dataclass(frozen=True)
class Stores:
    """Both of them."""

    database: Store
    bus: Store

    def export(self) -> None:
        """Tells the layers of this process, and of those that it starts."""
        os.environ["DATABASE_URL"] = self.database.url
        os.environ["REDIS_URL"] = self.bus.url


@dataclass(frozen=True)
class Yours:
    """The addresses that the environment gives; none where it gives none."""

    database_url: str | None
    redis_url: str | None

    @classmethod
    def from_environment(cls, read: type[Addresses] = L01Settings) -> Yours:
        """As the data layer itself reads them; with `Addresses` as they are, whatever they are.

        Raises:
            ValidationError: one of them can be no address.
        """
        settings = read()
        given = settings.model_fields_set
        return cls(
            settings.database_url if "database_url" in given else None,
            settings.redis_url if "redis_url" in given else None,
        )

    def beside(self, servers: EmbeddedServers) -> Stores:
        """Yours where you gave them, and the embedded ones where you did not."""
        return Stores(
            _yours(self.database_url) or _embedded(servers.database),
            _yours(self.redis_url) or _embedded(servers.bus),
        )


def embedded_for(yours: Yours, data_dir: Path, progress: Callable[[str], None]) -> Embedded:
    """The servers that have to be started in the data folder; it is held against others even with neither."""
    return Embedded(
        data_dir, database=yours.database_url is None, bus=yours.redis_url is None, progress=progress
    )


@asynccontextmanager
async def attached_or_started(data_dir: Path, progress: Callable[[str], None]) -> AsyncGenerator[Stores]:
    """For a command: the stores of the platform that runs on the data folder, or else started for as long as it takes.

    Raises:
        EmbeddedError: they cannot run.
    """
    yours = Yours.from_environment()
    if yours.database_url and yours.redis_url:
        yield yours.beside(EmbeddedServers())
    elif (found := running(data_dir)) is not None:
        yield yours.beside(found)
    else:
        async with embedded_for(yours, data_dir, progress) as servers:
            yield yours.beside(servers)


def without_password(url: str) -> str:
    """An address as it may be shown."""
    without = re.sub(r"(://[^/@:]*):.*@", r"\1:***@", url, flags=re.DOTALL)
    return re.sub(r"([?&](ssl)?password=)[^&]*", r"\1***", without)


def _yours(url: str | None) -> Store | None:
    return None if url is None else Store(url, embedded=False, server="", pid=None)


def _embedded(server: RunningServer | None) -> Store:
    if server is None:
        raise LookupError("neither an address was given nor an embedded server started")
    return Store(server.url, embedded=True, server=f"{server.name} {server.version}", pid=server.pid)
