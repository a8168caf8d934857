"""The database: whether it answers, is of a version that the platform knows, may be written, and agrees on the time."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from agentic.layers.L01_data_layer.addresses import DATABASE_FORM, wrong_with_database
from agentic.platform.diagnosis.finding import Finding, fine, problem
from agentic.platform.stores import Store, without_password

SUPPORTED: Final = range(15, 19)
SKEW_LIMIT: Final = 2.0
ANSWER_LIMIT: Final = 5.0

_FACTS: Final = """
SELECT split_part(current_setting('server_version'), ' ', 1) AS version, current_setting('server_version_num')::int / 10000 AS major,
       current_setting('server_encoding') AS encoding, current_user AS username, current_database() AS name,
       pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS read_only,
       current_schema() IS NOT NULL AND has_schema_privilege(current_schema(), 'CREATE') AS may_create
"""


@dataclass(frozen=True)
class _Facts:
    version: str
    major: int
    encoding: str
    username: str
    name: str
    read_only: bool
    may_create: bool
    ahead: float
    """Seconds by which its clock is ahead of ours, at least: what the way took is in its favour."""


async def database(
    store: Store | None, *, supported: range = SUPPORTED, clock: Callable[[], float] = time.time
) -> list[Finding]:
    """What is to be said of the database; `store` is none when the embedded one does not run at this moment."""
    if store is None:
        return [fine("Database", "embedded; it runs when the platform does")]
    if wrong := wrong_with_database(store.url):
        return [
            problem("Database", f"DATABASE_URL can be no address: {wrong}.", f"Its form is {DATABASE_FORM}.")
        ]
    try:
        async with asyncio.timeout(ANSWER_LIMIT):
            facts = await _ask(store.url, clock)
    except Exception as error:
        return [_unreachable(error, store)]
    return [_version(facts, store, supported), *_usable(facts), _time(facts)]


async def _ask(url: str, clock: Callable[[], float]) -> _Facts:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(url)
    try:
        row = await connection.fetchrow(_FACTS)
        assert row is not None
        before = clock()
        theirs = float(await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())"))
        after = clock()
    finally:
        await connection.close(timeout=ANSWER_LIMIT)
    ahead = theirs - after if theirs > after else min(0.0, theirs - before)
    return _Facts(**dict(row), ahead=ahead)


def _version(facts: _Facts, store: Store, supported: range) -> Finding:
    where = "embedded" if store.embedded else without_password(store.url)
    if facts.major in supported:
        return fine("Database", f"PostgreSQL {facts.version}, {where}")
    oldest, newest = supported[0], supported[-1]
    return problem(
        "Database",
        f"{where} is PostgreSQL {facts.version}; the platform is made for {oldest} to {newest}.",
        f"Use a PostgreSQL from {oldest} to {newest}, or unset DATABASE_URL for the one that the platform brings.",
    )


def _usable(facts: _Facts) -> list[Finding]:
    found: list[Finding] = []
    if facts.encoding != "UTF8":
        says = f"The database {facts.name!r} keeps text as {facts.encoding}, which has no room for every character."
        found.append(problem("Encoding", says, "Make one with `createdb -E UTF8 -T template0`, and name it."))
    if facts.read_only:
        says = "The database only lets itself be read: it is a standby, or set so."
        found.append(problem("Writing", says, "Name the primary server in DATABASE_URL."))
    elif not facts.may_create:
        says = f"The user {facts.username!r} may not make tables in the database {facts.name!r}."
        grant = f'ALTER DATABASE "{facts.name}" OWNER TO "{facts.username}"'
        found.append(problem("Writing", says, f"Let its owner do so: `{grant};`"))
    return found


def _time(facts: _Facts) -> Finding:
    if abs(facts.ahead) < SKEW_LIMIT:
        return fine("Clocks", "this machine and the database agree on the time")
    how = "ahead of" if facts.ahead > 0 else "behind"
    return problem(
        "Clocks",
        f"The clock of the database is {abs(facts.ahead):.0f} s {how} that of this machine.",
        "Set both by NTP (`timedatectl set-ntp true`): expiring keys and leases depend on it.",
    )


def _unreachable(error: Exception, store: Store) -> Finding:
    where = "The embedded database" if store.embedded else f"The database at {without_password(store.url)}"
    for kinds, advice in _ADVICE:
        if isinstance(error, kinds):
            return problem("Database", f"{where} cannot be used: {_reason(error)}.", advice)
    return problem("Database", f"{where} cannot be used: {_reason(error)}.", _ADVICE[-1][1])


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {ANSWER_LIMIT:.0f} s"
    return str(error).strip().rstrip(".") or type(error).__name__


_ADVICE: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    (
        (asyncpg.InvalidCatalogNameError,),
        "Make it: `createdb` with the host and user of DATABASE_URL, or `CREATE DATABASE` in psql.",
    ),
    (
        (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError),
        "Correct user and password in DATABASE_URL, or what the server's pg_hba.conf lets in.",
    ),
    ((ssl.SSLError,), "Correct the sslmode and the certificates that DATABASE_URL names."),
    (
        (asyncpg.TooManyConnectionsError,),
        "Raise max_connections of the server, or end what else is connected to it.",
    ),
    (
        (asyncpg.ClientConfigurationError, ValueError),
        f"DATABASE_URL has the form {DATABASE_FORM}.",
    ),
    (
        (OSError, TimeoutError),
        "Start it, correct DATABASE_URL, or unset DATABASE_URL for the database that the platform brings.",
    ),
)
