"""The database as a whole, for the hands that look after it: what is in it, who uses it, and making it empty.

Only what the platform made is touched: a database may hold tables of others.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import asyncpg

from agentic.layers.base.common_errors import DatabaseUnavailableError
from agentic.layers.L01_data_layer import tables
from agentic.layers.L01_data_layer.database import translate
from agentic.layers.L01_data_layer.migrate import LIMIT

_BOOKKEEPING: Final = ("alembic_version", "relay", "evaluation_sums_upto")
"""What a database has rows in from the start."""
_LOCK_LIMIT: Final = 10
"""Seconds for which emptying waits for whoever uses a table."""

_TABLES: Final = (*sorted(tables.metadata.tables), "alembic_version")
_THERE: Final = "SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(quote_ident(name)) IS NOT NULL"
_USERS: Final = """
SELECT coalesce(host(client_addr), 'this machine') AS host, count(*) AS connections FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'agentic%'
GROUP BY 1 ORDER BY 1
"""

CLEAR: Final = f"""
SET LOCAL lock_timeout = '{_LOCK_LIMIT}s';
DROP TABLE IF EXISTS {", ".join(_TABLES)};
DROP AGGREGATE IF EXISTS jsonb_merge(jsonb);
DROP FUNCTION IF EXISTS content_sha256(text);
"""
"""Takes out what the migrations made. To be run inside a transaction."""


class Contents(NamedTuple):
    """What a database holds of a platform."""

    revision: str | None
    """Of its schema; none where there is none."""
    agents: int
    events: int
    empty: bool
    """Whether nothing would be lost with it."""


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[asyncpg.Connection[Any]]:
    """A connection of its own.

    Raises:
        DatabaseUnavailableError: the database cannot be reached.
    """
    try:
        connection = await asyncpg.connect(url, timeout=5.0, command_timeout=LIMIT)
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise DatabaseUnavailableError(f"The database cannot be reached: {reason}") from error
    try:
        yield connection
    finally:
        await connection.close()


async def contents(connection: asyncpg.Connection[Any]) -> Contents:
    """What is in the database."""
    there = {row["name"] for row in await connection.fetch(_THERE, list(_TABLES))}
    revision = None
    if "alembic_version" in there:
        revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    counts = {name: await _count(connection, name) for name in ("agents", "events") if name in there}
    used = [await _has_rows(connection, name) for name in sorted(there.difference(_BOOKKEEPING))]
    return Contents(revision, counts.get("agents", 0), counts.get("events", 0), not any(used))


async def users(connection: asyncpg.Connection[Any]) -> list[str]:
    """The machines from which platforms are connected to the database."""
    return [row["host"] for row in await connection.fetch(_USERS)]


async def clear(connection: asyncpg.Connection[Any]) -> None:
    """Takes out all tables of the platform with everything in them, or none.

    Raises:
        DatabaseUnavailableError: somebody uses them, or they may not be dropped.
    """
    try:
        async with connection.transaction():
            await connection.execute(CLEAR)
    except asyncpg.PostgresError as error:
        raise translate(error) or DatabaseUnavailableError(
            f"The tables could not be dropped: {error}"
        ) from error


async def _count(connection: asyncpg.Connection[Any], name: str) -> int:
    return await connection.fetchval(f"SELECT count(*) FROM {name}")


async def _has_rows(connection: asyncpg.Connection[Any], name: str) -> bool:
    return await connection.fetchval(f"SELECT EXISTS (SELECT FROM {name})")
