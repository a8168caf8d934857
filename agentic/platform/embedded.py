"""A real PostgreSQL and a real Valkey in the platform's data folder, for whoever sets no servers of their own.

Both are started, watched and stopped here, on Unix sockets that nobody else can reach. They end with the platform,
`kill -9` included; what one of them left behind, the next start puts in order. Nothing committed is lost.

Other processes use the same servers by their addresses: `running()` gives them.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from agentic.platform.servers.account import Account, server_account
from agentic.platform.servers.errors import (
    AccountError,
    DataFolderError,
    DataFolderInUse,
    EmbeddedError,
    ProgramsMissingError,
    ServerStartError,
)
from agentic.platform.servers.folder import DataFolder, default_data_dir, read_state, remove_short_folder
from agentic.platform.servers.lock import FolderLock, Holder, find_holder, hold
from agentic.platform.servers.postgres import Postgres
from agentic.platform.servers.process import to_the_end
from agentic.platform.servers.server import EmbeddedServer, Obtained
from agentic.platform.servers.valkey import Valkey

__all__ = [
    "AccountError",
    "DataFolderError",
    "DataFolderInUse",
    "Embedded",
    "EmbeddedError",
    "EmbeddedServers",
    "Holder",
    "ProgramsMissingError",
    "RunningServer",
    "ServerStartError",
    "default_data_dir",
    "holder",
    "running",
]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunningServer:
    """One server, as `platform status` shows it."""

    name: str
    version: str
    pid: int | None
    obtained: Obtained
    url: str
    socket: str
    log: str


@dataclass(frozen=True)
class EmbeddedServers:
    """The addresses of what runs, empty for a server that was not asked for, and the facts about each."""

    database: RunningServer | None = None
    bus: RunningServer | None = None

    @property
    def database_url(self) -> str:
        """Where asyncpg reaches PostgreSQL."""
        return self.database.url if self.database else ""

    @property
    def redis_url(self) -> str:
        """Where redis-py reaches Valkey."""
        return self.bus.url if self.bus else ""


class Embedded:
    """The embedded servers for as long as the context lasts.

    `database` and `bus` say which ones; `progress` is told in a sentence what takes time or goes wrong, also later on,
    when a server died and is started again. The data folder is held against other platforms even with neither.
    Enter it in a thread that lives as long as the platform, which is the main one: the kernel ends the servers when
    the thread that started them ends.

    Raises on entering, and then nothing runs: DataFolderInUse, DataFolderError, AccountError, ProgramsMissingError,
    ServerStartError; all are EmbeddedError.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        database: bool = True,
        bus: bool = True,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        self._data_dir = data_dir
        wanted: dict[type[EmbeddedServer], bool] = {Postgres: database, Valkey: bus}
        self._wanted = [kind for kind, is_wanted in wanted.items() if is_wanted]
        self._progress = progress or _log.info
        self._running: dict[type[EmbeddedServer], EmbeddedServer] = {}
        self._stack = AsyncExitStack()
        self._lock: FolderLock | None = None

    @property
    def servers(self) -> EmbeddedServers:
        """What runs at this moment."""
        return EmbeddedServers(self._describe(Postgres), self._describe(Valkey))

    def announce(self, address: str) -> None:
        """Say where this platform answers, for those who find the data folder in use."""
        if self._lock is not None:
            self._lock.announce(address)

    async def __aenter__(self) -> EmbeddedServers:
        try:
            folder = DataFolder(self._data_dir)
            self._lock = await self._stack.enter_async_context(hold(folder.path))
            if self._wanted:
                await self._start(folder, self._stack)
        except BaseException as error:
            await to_the_end(self._stack.aclose())
            if isinstance(error, OSError):
                raise DataFolderError(f"The data folder {self._data_dir} cannot be used: {error}.") from error
            raise
        return self.servers

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock = None
        await to_the_end(self._stack.aclose())

    async def _start(self, folder: DataFolder, stack: AsyncExitStack) -> None:
        account = await asyncio.to_thread(_open, folder)
        remove_short_folder(folder.read_state().get("socket_folder", ""))
        sockets = folder.socket_folder(account)
        stack.callback(remove_short_folder, str(sockets))
        self._running = {kind: kind(folder, sockets, account, self._tell) for kind in self._wanted}
        stack.callback(folder.forget_state)
        folder.write_state({"socket_folder": str(sockets)})
        stack.push_async_callback(self._each, EmbeddedServer.stop)
        await self._each(EmbeddedServer.start)

        def note() -> None:
            folder.write_state({"socket_folder": str(sockets), **asdict(self.servers)})

        note()
        watches = [asyncio.create_task(server.keep_running(note)) for server in self._running.values()]
        stack.push_async_callback(_cancel, watches)

    async def _each(self, step: Callable[[EmbeddedServer], Any]) -> None:
        """Take a step with all servers at once; wait for all of them, then raise the first error."""
        done = await asyncio.gather(*map(step, self._running.values()), return_exceptions=True)
        for error in done:
            if isinstance(error, BaseException):
                raise error

    def _tell(self, sentence: str) -> None:
        try:
            self._progress(sentence)
        except Exception:  # a closed terminal must not end the watch over the servers
            _log.exception("This could not be reported: %s", sentence)

    def _describe(self, kind: type[EmbeddedServer]) -> RunningServer | None:
        server = self._running.get(kind)
        if server is None:
            return None
        return RunningServer(
            server.name,
            server.version,
            server.pid,
            server.obtained,
            server.url,
            str(server.socket),
            str(server.log),
        )


def running(data_dir: Path) -> EmbeddedServers | None:
    """The embedded servers that run in a data folder; None when none do. Each one's socket was tried.

    For commands beside a running platform. Raises DataFolderError when they are another user's.
    """
    state = read_state(data_dir)
    try:
        found = {key: RunningServer(**state[key]) for key in ("database", "bus") if state.get(key)}
    except TypeError:  # written by a platform of another version
        return None
    if not found or not all(_accepts(Path(server.socket)) for server in found.values()):
        return None
    return EmbeddedServers(**found)


def holder(data_dir: Path) -> Holder | None:
    """The platform that holds a data folder, with its pid and address; None when nobody does."""
    return find_holder(data_dir.expanduser().resolve())


def _open(folder: DataFolder) -> Account:
    account = server_account(folder.data_owner())
    folder.open_to(account)
    return account


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as attempt:
        attempt.settimeout(2)
        try:
            attempt.connect(str(path))
        except OSError:
            return False
    return True


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
