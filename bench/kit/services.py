"""The PostgreSQL and the Redis that the benchmarks run on, and databases of their own there."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

POSTGRES_URL = os.environ.get("BENCH_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432")
"""The server, without a database's name. It must run on this machine, for its CPU to be counted."""

REDIS_URL = os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379")


async def _administer(*statements: str) -> None:
    connection = await asyncpg.connect(f"{POSTGRES_URL}/postgres")
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def own_database(name: str) -> AsyncGenerator[str]:
    """A new empty database, dropped at the end; gives its URL. One that a killed run left behind is replaced."""
    drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
    await _administer(drop, f'CREATE DATABASE "{name}"')
    try:
        yield f"{POSTGRES_URL}/{name}"
    finally:
        await _administer(drop)
