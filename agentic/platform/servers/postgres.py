"""The embedded PostgreSQL: its data folder, its configuration, its ways of starting and ending."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote, urlencode

import asyncpg

from agentic.platform.servers.account import own_name
from agentic.platform.servers.errors import DataFolderError
from agentic.platform.servers.folder import POSTGRES_SOCKET
from agentic.platform.servers.process import Child, Endings, describe_exit, exists
from agentic.platform.servers.programs import POSTGRES_MAJOR, Programs, postgres_programs, reachable_by
from agentic.platform.servers.server import EmbeddedServer

USER = DATABASE = "agentic"
_SETTINGS = {
    "listen_addresses": "",  # the socket only
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "default_text_search_config": "pg_catalog.english",
    "cluster_name": "agentic",  # what `ps` shows
    "log_line_prefix": "%m [%p] ",
    # Errors of statements go to their client. Here they would fill the log, and show the values of refused rows.
    "log_min_messages": "log",
    "log_checkpoints": "off",
}
_NOT_READY = (
    OSError,
    TimeoutError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InternalClientError,  # how asyncpg says that the server went away between two of its messages
)
_INITDB_LIMIT = 120.0  # seconds


class Postgres(EmbeddedServer):
    """PostgreSQL 18 on a socket, open to the account that runs the platform and nobody else."""

    name = "PostgreSQL"
    program = data_name = "postgres"
    # Fast shutdown; immediate shutdown (it recovers at the next start): the manual's section 18.5.
    endings: ClassVar[Endings] = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))

    @property
    def url(self) -> str:
        """Where asyncpg, SQLAlchemy and libpq reach it. The port only names the socket; said, so PGPORT does not."""
        return self._url(DATABASE)

    @property
    def socket(self) -> Path:
        """Its socket."""
        return self._sockets / POSTGRES_SOCKET

    def _url(self, database: str) -> str:
        where = urlencode({"host": str(self._sockets), "port": "5432"}, quote_via=quote, safe="/")
        return f"postgresql://{USER}@/{database}?{where}"

    async def _prepare(self) -> bool:
        await asyncio.to_thread(self._remove_unfinished)
        created = not self._has_data()
        if created:
            self._report("Preparing the database (first start)…")
            await self._create()
        await asyncio.to_thread(self._folder.private, self._data, self._account)
        return created

    def _has_data(self) -> bool:
        """Whether there is a database. Raises DataFolderError when there is something else."""
        try:
            version = (self._data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            if self._data.exists() and any(self._data.iterdir()):
                raise DataFolderError(
                    f"{self._data} is no complete database: PG_VERSION is missing. Nothing was changed. Restore it from "
                    "a backup, or move it away to start with an empty database."
                ) from None
            return False
        except PermissionError as error:
            raise DataFolderError(
                f"{self._data} belongs to another user: run the platform as that user."
            ) from error
        if version != POSTGRES_MAJOR:
            raise DataFolderError(
                f"PostgreSQL {version} wrote {self._data}, and this platform brings PostgreSQL {POSTGRES_MAJOR}. Nothing "
                "was changed. Dump it with the platform that made it, and restore the dump into a new data folder."
            )
        return True

    async def _create(self) -> None:
        """Make the database beside its place and rename it: what has the name is whole, whatever happens meanwhile."""
        programs = await self._programs()
        sibling = Path(tempfile.mkdtemp(prefix=f"{self._data.name}.new-", dir=self._data.parent))
        self._folder.private(sibling, self._account)
        command = [programs.path("initdb"), "-D", sibling, "-U", USER, "-E", "UTF8", "--locale=C"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--auth-local=peer", "--auth-host=reject", "--no-instructions"]
        child = self._run([*command], {}, self._folder.servers)
        try:
            await asyncio.wait({child.exited}, timeout=_INITDB_LIMIT)
        finally:
            await child.end()
        if not child.exited.done() or child.exited.result() != 0:
            how = describe_exit(child.exited.result()) if child.exited.done() else "it does not end"
            raise self.failure(f"its data folder could not be made: {how}")
        _put_in_place(sibling, self._data)

    def _remove_unfinished(self) -> None:
        for sibling in self._data.parent.glob(f"{self._data.name}.new-*"):
            shutil.rmtree(sibling, ignore_errors=True)

    async def _programs(self) -> Programs:
        wheel = postgres_programs()
        return await asyncio.to_thread(reachable_by, self._account, wheel, self._folder.programs, "initdb")

    async def _command(self) -> tuple[list[str | Path], dict[str, str]]:
        programs = await self._programs()
        names = ("postgresql.conf", "pg_hba.conf", "pg_ident.conf")
        conf, hba, ident = (self._folder.servers / name for name in names)
        settings = _SETTINGS | {
            "unix_socket_directories": '"{}"'.format(str(self._sockets).replace('"', '""')),
            "hba_file": str(hba),
            "ident_file": str(ident),
        }
        self._folder.write(conf, configuration(settings), self._account)
        self._folder.write(hba, "local all all peer map=platform\n", self._account)
        self._folder.write(ident, identity_map(own_name()), self._account)
        command = [programs.path("postgres"), "-D", self._data, "-c", f"config_file={conf}"]
        return command, self._lock_environment()

    def _lock_environment(self) -> dict[str, str]:
        """Let PostgreSQL see that the pid in an old lock file means nothing, though a process has it.

        No server works on the data any more when this is called, so that process is a zombie or another program. The
        server compares the pid with PG_GRANDPARENT_PID (CreateLockFile in miscinit.c); it still refuses to start
        when anything is attached to the old shared memory, which deleting the file would have allowed.
        """
        files = (self._data / "postmaster.pid", self.socket.with_name(f"{self.socket.name}.lock"))
        pids = [pid for file in files if (pid := _pid_in(file)) and exists(pid)]
        return {"PG_GRANDPARENT_PID": str(pids[0])} if pids else {}

    def _aimed_at(self, pids: list[int], number: signal.Signals) -> list[int]:
        """SIGINT stops the server itself; to a backend that outlived its server it would mean something else."""
        server = _pid_in(self._data / "postmaster.pid")
        return [pid for pid in pids if pid == server or number != signal.SIGINT]

    async def _answer(self, child: Child) -> str | None:
        if not self._says_ready(child.pid):
            return None
        try:
            async with asyncio.timeout(10):
                return await self._ask_version()
        except _NOT_READY:
            return None
        except asyncpg.PostgresError as error:
            raise self.failure(f"it refused a connection: {error}") from error

    def _says_ready(self, pid: int) -> bool:
        """Whether the pid file names this process and says it is ready (its lines: miscadmin.h)."""
        with contextlib.suppress(OSError):
            lines = (self._data / "postmaster.pid").read_text(errors="replace").splitlines()
            return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"
        return False

    async def _ask_version(self) -> str:
        """Its version, asked in the application's database, which is made when it is missing."""
        try:
            return await self._query(DATABASE, "SHOW server_version")
        except asyncpg.InvalidCatalogNameError:
            await self._query("postgres", f'CREATE DATABASE "{DATABASE}"')
            return await self._query(DATABASE, "SHOW server_version")

    async def _query(self, database: str, statement: str) -> str:
        connection = await asyncpg.connect(self._url(database))
        try:
            return str(await connection.fetchval(statement))
        finally:
            await connection.close()


def configuration(settings: dict[str, str]) -> str:
    """A postgresql.conf with these settings."""
    quoted = ((name, value.replace("\\", "\\\\").replace("'", "''")) for name, value in settings.items())
    header = "# Written by the platform at each start. To change a setting for good: ALTER SYSTEM.\n"
    return header + "".join(f"{name} = '{value}'\n" for name, value in quoted)


def identity_map(account: str) -> str:
    """A pg_ident.conf by which this operating system account, and no other, may connect as the database's user."""
    return 'platform "{}" {}\n'.format(account.replace('"', '""'), USER)


def _pid_in(file: Path) -> int:
    """The pid on a lock file's first line, which a single-user server writes negative; 0 when there is none."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return abs(int(file.read_text(errors="replace").splitlines()[0]))
    return 0


def _put_in_place(made: Path, place: Path) -> None:
    """Give a finished data folder its name, so that a power cut cannot take the name away again."""
    made.rename(place)  # replaces an empty folder at most
    parent = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
