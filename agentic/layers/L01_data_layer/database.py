"""The connection to PostgreSQL: pooled, exact JSON, and every driver error as an error of the catalogue."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, cast

import asyncpg
from asyncpg import Connection, Pool, Record

from agentic.layers.base.common_errors import (
    BrokenReferenceError,
    DatabaseUnavailableError,
    ExistsError,
    InvalidError,
    TimedOutError,
)
from agentic.layers.base.errors import PlatformError

STATEMENT_LIMIT: Final = 4.0
"""Seconds after which a statement counts as failed: a request never hangs for longer than 5 s."""
IDLE_LIMIT: Final = 5.0
"""Seconds after which PostgreSQL itself ends a transaction in which nothing happens: that of a process which was stopped in it.

Its locks would otherwise keep from everybody else what it was about to change, for as long as it sleeps.
"""
POOL_SIZE: Final = 10
ONE_PLAN: Final = {
    "plan_cache_mode": "force_generic_plan",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
}
"""For connections that keep one plan of each statement. It is made while the tables may be empty, where reading a whole
table looks cheapest, and kept while they grow, until they are analysed: so it may only be one that finds rows by index,
which is right for every write at any size."""


def _to_jsonb(data: bytes) -> bytes:
    return b"\x01" + data


def _from_jsonb(data: bytes) -> bytes:
    return bytes(data[1:])


async def prepare(connection: Connection[Any]) -> None:
    """Lets JSON cross the wire as the bytes that it is, undecoded: the answer's bytes are the database's."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=_to_jsonb, decoder=_from_jsonb
    )
    await connection.set_type_codec(
        "json", schema="pg_catalog", format="binary", encoder=bytes, decoder=bytes
    )


async def _keep(_: object) -> None:
    """Replaces the pool's `RESET ALL` at each release: no statement of ours leaves session state behind."""


class Database:
    """Two pools of connections to one database: for reads, and for the statements of the store.

    A write's plan does not depend on its values, and planning it takes longer than running it: its connections keep
    one plan. A list's plan does depend on its limit and filters, so reads leave the choice to PostgreSQL.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._reads: Pool[Any] | None = None
        self._writes: Pool[Any] | None = None

    async def open(self) -> None:
        """Makes the pools. One connection of each is opened at once, the others as they are needed."""
        self._reads = await self._pool(plan_cache_mode="auto")
        self._writes = await self._pool(**ONE_PLAN)

    async def _pool(self, **settings: str) -> Pool[Any]:
        return await asyncpg.create_pool(
            self.url,
            min_size=1,
            max_size=POOL_SIZE,
            init=prepare,
            reset=_keep,
            timeout=STATEMENT_LIMIT,
            max_inactive_connection_lifetime=0,
            server_settings={
                "timezone": "UTC",
                "application_name": "agentic",
                "jit": "off",
                "idle_in_transaction_session_timeout": str(round(IDLE_LIMIT * 1000)),
                **settings,
            },
        )

    async def close(self) -> None:
        """Closes every connection, waiting briefly for statements in flight."""
        pools = [pool for pool in (self._writes, self._reads) if pool is not None]
        self._reads = self._writes = None
        for pool in pools:
            try:
                await asyncio.wait_for(pool.close(), 2.0)
            except TimeoutError:
                pool.terminate()

    @asynccontextmanager
    async def _connection(self, pool: Pool[Any] | None) -> AsyncGenerator[Connection[Any]]:
        if pool is None:
            raise DatabaseUnavailableError("The data layer is not running.")
        try:
            async with asyncio.timeout(STATEMENT_LIMIT), _acquired(pool) as connection:
                yield connection
        except PlatformError:
            raise
        except Exception as error:
            translated = translate(error)
            if translated is None:
                raise
            raise translated from error

    def writing(self) -> AbstractAsyncContextManager[Connection[Any]]:
        """A connection for writes.

        Raises:
            PlatformError: what the driver raised inside the block, as an error of the catalogue.
        """
        return self._connection(self._writes)

    async def write(self, query: str, /, *args: Any) -> list[Record]:
        """All rows of one statement that writes."""
        async with self._connection(self._writes) as connection:
            return await connection.fetch(query, *args)

    async def fetch(self, query: str, /, *args: Any) -> list[Record]:
        """All rows of one statement that reads."""
        async with self._connection(self._reads) as connection:
            return await connection.fetch(query, *args)

    async def fetchrow(self, query: str, /, *args: Any) -> Record | None:
        """The first row of one statement that reads, or none."""
        async with self._connection(self._reads) as connection:
            return await connection.fetchrow(query, *args)

    @asynccontextmanager
    async def dedicated(self) -> AsyncGenerator[Connection[Any]]:
        """A connection outside the pool, for what holds a lock or listens."""
        connection = await asyncpg.connect(
            self.url,
            timeout=STATEMENT_LIMIT,
            command_timeout=STATEMENT_LIMIT,
            server_settings={
                "timezone": "UTC",
                "application_name": "agentic relay",
                "jit": "off",
                **ONE_PLAN,
            },
        )
        try:
            await prepare(connection)
            yield connection
        finally:
            try:
                await asyncio.wait_for(connection.close(), 2.0)
            except Exception:
                connection.terminate()


@asynccontextmanager
async def _acquired(pool: Pool[Any]) -> AsyncGenerator[Connection[Any]]:
    connection = await pool.acquire()
    try:
        yield cast("Connection[Any]", connection)
    except asyncio.CancelledError:
        # The driver would ask the server to cancel the statement and wait for that too: a server that hangs is not asked.
        connection.terminate()
        raise
    finally:
        await pool.release(connection)


_UNAVAILABLE: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what the driver raises when the server dies in the middle of a call
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DiskFullError,
    ConnectionError,
    OSError,
)
_KEY = re.compile(r"Key \((?P<columns>.+?)\)=\((?P<values>.*?)\)")
_TABLE = re.compile(r'table "(?P<table>\w+)"')


def translate(error: Exception) -> PlatformError | None:
    """The error of the catalogue that a driver's error means; none for one that is a fault of ours."""
    if isinstance(error, asyncpg.UniqueViolationError):
        return _exists(error)
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return _broken(error)
    if isinstance(error, asyncpg.QueryCanceledError | TimeoutError):
        return TimedOutError("The database did not answer in time.")
    if isinstance(error, _UNAVAILABLE):
        return DatabaseUnavailableError()
    if isinstance(error, asyncpg.DataError | asyncpg.ProgramLimitExceededError):
        return InvalidError(f"The database cannot keep this value: {error}")
    if isinstance(error, asyncpg.CheckViolationError | asyncpg.NotNullViolationError):
        return InvalidError.of((error.column_name or error.constraint_name or "body", str(error)))
    return None


def _exists(error: asyncpg.UniqueViolationError) -> PlatformError:
    match = _KEY.search(error.detail or "")
    field = match["columns"] if match else "value"
    value = match["values"] if match else ""
    return ExistsError(f"There is a {error.table_name} record with {field} {value!r} already.", field=field)


def _broken(error: asyncpg.ForeignKeyViolationError) -> PlatformError:
    detail = error.detail or ""
    match, table = _KEY.search(detail), _TABLE.search(detail)
    value = match["values"] if match else ""
    other = table["table"] if table else "another table"
    if "still referenced" in detail:
        return BrokenReferenceError(f"{other} still refer to {value}.", referenced_by=other)
    field = match["columns"] if match else "reference"
    return BrokenReferenceError(f"{field}: there is no record {value} in {other}.", field=field)
