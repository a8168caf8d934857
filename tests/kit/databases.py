"""A migrated template database, and a clone of it for each test."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import asyncpg

from agentic.layers.L01_data_layer.migrate import migrate
from tests.kit.servers import named

_count = itertools.count(1)


async def administer(server_url: str, *statements: str) -> None:
    """Runs statements on the server, outside any database of ours."""
    connection = await asyncpg.connect(named(server_url, "postgres"))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _own_name(suffix: object) -> str:
    """A name that no other worker and no other run uses."""
    return f"agentic_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}_{suffix}"


@contextmanager
def template_database(server_url: str) -> Generator[str]:
    """The name of a database that is migrated once and then only copied."""
    name = _own_name("template")

    async def make() -> None:
        await administer(server_url, f"CREATE DATABASE {name}")
        await migrate(named(server_url, name))

    asyncio.run(make())
    try:
        yield name
    finally:
        asyncio.run(administer(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


@asynccontextmanager
async def empty_database(server_url: str) -> AsyncGenerator[str]:
    """The address of a new database without a schema."""
    async with _database(server_url, "template1") as url:
        yield url


@asynccontextmanager
async def cloned_database(server_url: str, template: str) -> AsyncGenerator[str]:
    """The address of a new copy of the template."""
    async with _database(server_url, template) as url:
        yield url


@asynccontextmanager
async def _database(server_url: str, template: str) -> AsyncGenerator[str]:
    name = _own_name(next(_count))
    await administer(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield named(server_url, name)
    finally:
        await administer(server_url, f"DROP DATABASE {name} WITH (FORCE)")
