"""An application under load: its own uvicorn process on its own database, with the clocks of all that works for it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from bench.kit.cpu import CpuClock, postgres_clock, process_clock, redis_clock
from bench.kit.http_load import RequestError
from bench.kit.server import Server, free_port, uvicorn_command
from bench.kit.services import REDIS_URL, own_database

PLATFORM_APPLICATION = "agentic.layers.L01_data_layer.main:app"
REFERENCE_APPLICATION = "bench.reference.main:app"


async def published(connection: asyncpg.Connection) -> None:
    """Wait until the relay has given every event its position, which it does when it publishes."""
    while await connection.fetchval("SELECT EXISTS (SELECT FROM events WHERE position IS NULL)"):
        await asyncio.sleep(0.005)


@dataclass(frozen=True, slots=True)
class Contender:
    """A running application."""

    name: str
    port: int
    connection: asyncpg.Connection
    """Ours, to its database."""
    clocks: Mapping[str, CpuClock]
    publishes_later: bool
    """Whether it answers before it publishes, so that a load has to wait for the rest."""

    async def settled(self) -> None:
        """Wait until everything that it answered is published too."""
        if self.publishes_later:
            await published(self.connection)


@asynccontextmanager
async def running(
    name: str, application: str, *, redis_database: int, publishes_later: bool = False
) -> AsyncGenerator[Contender]:
    """Serve an application until the end of the context."""
    port, database = free_port(), f"agentic_bench_{name}"
    async with own_database(database) as url:
        environment = {"DATABASE_URL": url, "REDIS_URL": f"{REDIS_URL}/{redis_database}"}
        ready_url = f"http://127.0.0.1:{port}/health/live"
        with Server(uvicorn_command(application, port), ready_url, environment) as server:
            clocks = {
                "server": process_clock(server.pid),
                "postgres": await postgres_clock(database),
                "redis": await redis_clock(),
            }
            connection = await asyncpg.connect(url)
            try:
                yield Contender(name, port, connection, clocks, publishes_later)
            except RequestError as error:
                error.add_note(f"The server {name} printed: {server.last_output() or 'nothing'}")
                raise
            finally:
                await connection.close()
