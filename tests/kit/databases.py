"""A migrated database for each test, which the next one gets emptied.

A database is some three hundred files, and making and removing those costs more than most tests do. So one is emptied
and used again, unless its test changed more than rows, or left it large.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg

from agentic.layers.L01_data_layer.migrate import migrate
from tests.kit.servers import named

PATIENCE = 60.0
LARGE = 16 * 1024 * 1024
"""Bytes of rows from which on a new database costs less than what emptying leaves behind."""

Connection: TypeAlias = "asyncpg.Connection[Any]"

_count = itertools.count(1)

_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_TABLES = "FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
_SEQUENCES = "SELECT format('SELECT setval(%L, %s, false)', seqrelid::regclass, seqstart) FROM pg_sequence"
_SETTINGS = """
SELECT count(*) FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
WHERE datname = current_database()
"""
# Whoever changes a schema writes a row of a catalogue, whose xmin is then the newest, or removes one. What PostgreSQL
# notes there by itself, such as the size that it estimates of a table, it writes in place.
_CATALOGUES = ("pg_class", "pg_attribute", "pg_constraint", "pg_proc", "pg_trigger", "pg_namespace")
_NEWEST = (f"(SELECT (count(*), max(xmin::text::bigint))::text FROM {name})" for name in _CATALOGUES)
_SCHEMA = f"SELECT ARRAY[{', '.join(_NEWEST)}, ({_SETTINGS})::text]"


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


@dataclass(frozen=True)
class Blank:
    """A migrated database before anybody used it."""

    schema: list[str]
    emptying: str
    """SQL that leaves the rows which were there then."""


class Databases:
    """Migrated databases on one server: lent, emptied, lent again."""

    def __init__(self, server_url: str, template: str, blank: Blank) -> None:
        self._server_url = server_url
        self._template = template
        self._blank = blank
        self._free: list[str] = []

    @asynccontextmanager
    async def lent(self) -> AsyncGenerator[str]:
        """The address of a migrated, empty database."""
        name = self._free.pop() if self._free else await self._made()
        try:
            yield named(self._server_url, name)
        finally:
            if await self._is_blank_again(name):
                self._free.append(name)
            else:
                await administer(self._server_url, _drop(name))

    async def drop(self) -> None:
        """Removes them."""
        await administer(self._server_url, *map(_drop, self._free))

    async def _made(self) -> str:
        name = _own_name(next(_count))
        await administer(self._server_url, f"CREATE DATABASE {name} TEMPLATE {self._template}")
        return name

    async def _is_blank_again(self, name: str) -> bool:
        with suppress(asyncpg.PostgresError):
            async with _connected(named(self._server_url, name)) as connection:
                await _alone(connection)
                size = await connection.fetchval(f"SELECT sum(pg_table_size(oid))::bigint {_TABLES}")
                if await connection.fetchval(_SCHEMA) == self._blank.schema and size < LARGE:
                    await connection.execute(self._blank.emptying)
                    return True
        return False


@contextmanager
def databases(server_url: str) -> Generator[Databases]:
    """Databases that are migrated once, and then copied."""
    template = _own_name("template")

    async def make() -> Blank:
        await administer(server_url, f"CREATE DATABASE {template}")
        await migrate(named(server_url, template))
        async with _connected(named(server_url, template)) as connection:
            return await _as_it_is(connection)

    made = Databases(server_url, template, asyncio.run(make()))
    try:
        yield made
    finally:
        asyncio.run(made.drop())
        asyncio.run(administer(server_url, _drop(template)))


def _drop(name: str) -> str:
    return f"DROP DATABASE {name} WITH (FORCE)"


async def _as_it_is(connection: Connection) -> Blank:
    tables = [row[0] for row in await connection.fetch(f"SELECT relname {_TABLES}")]
    # A replica does not check references, so the order does not matter.
    statements = ["SET LOCAL session_replication_role = replica", *(f"DELETE FROM {name}" for name in tables)]
    for name in tables:
        rows = await connection.fetchval(f"SELECT quote_literal(json_agg(t)) FROM {name} t")
        if rows is not None:
            statements.append(
                f"INSERT INTO {name} SELECT * FROM json_populate_recordset(NULL::{name}, {rows})"
            )
    statements += [row[0] for row in await connection.fetch(_SEQUENCES)]
    return Blank(await connection.fetchval(_SCHEMA), ";".join(statements))


async def _alone(connection: Connection) -> None:
    """Returns when nobody else is connected: who still is, is cut off."""
    async with asyncio.timeout(PATIENCE):
        while await connection.fetchval(_OTHERS):
            await asyncio.sleep(0.002)


@asynccontextmanager
async def _connected(url: str) -> AsyncGenerator[Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def empty_database(server_url: str) -> AsyncGenerator[str]:
    """The address of a new database without a schema."""
    name = _own_name(next(_count))
    await administer(server_url, f"CREATE DATABASE {name} TEMPLATE template1")
    try:
        yield named(server_url, name)
    finally:
        await administer(server_url, _drop(name))
