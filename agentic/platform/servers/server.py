"""One embedded server: started, watched, started again when it dies, stopped."""

import asyncio
import contextlib
import os
import shutil
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Literal

from agentic.platform.servers.account import Account
from agentic.platform.servers.errors import ServerStartError
from agentic.platform.servers.folder import DataFolder
from agentic.platform.servers.process import Child, Command, Endings, describe_exit, find, send

Report = Callable[[str], None]
Obtained = Literal["created", "started", "replaced", "restarted"]
"""How a server came to run: with new data; as usual; after one that a dead platform had left was stopped; after
it had died while we ran."""

_START_LIMIT = 300.0  # seconds; going through a large log after a crash takes its time, and ends
_SLOW_START = 3.0
_LOG_LIMIT = 10_000_000  # bytes
_LOG_CHECK = 60.0  # seconds
_LONGEST_PAUSE = 10.0
_LIVED_WELL = 30.0  # a server that ran so long may be started again at once


class EmbeddedServer(ABC):
    """What both servers have in common. `version` and `obtained` are known once it runs."""

    name: ClassVar[str]
    program: ClassVar[str]
    data_name: ClassVar[str]
    endings: ClassVar[Endings]
    version = ""
    obtained: Obtained = "started"

    def __init__(self, folder: DataFolder, sockets: Path, account: Account, report: Report) -> None:
        self._folder, self._sockets, self._account, self._report = folder, sockets, account, report
        self._data = folder.servers / self.data_name
        self._child: Child | None = None
        self._log_start = 0
        self.log = folder.servers / f"{self.data_name}.log"

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients reach it."""

    @property
    @abstractmethod
    def socket(self) -> Path:
        """Its socket."""

    @property
    def pid(self) -> int | None:
        """Its process; None while it is not running."""
        return None if self._child is None or self._child.exited.done() else self._child.pid

    async def start(self) -> None:
        """Start it and wait until it answers; what a dead platform left running on its data is ended before.

        Raises ServerStartError, DataFolderError, ProgramsMissingError; nothing of it runs then.
        """
        replaced = await self._end_leftovers()
        created = await self._prepare()
        command, environment = await self._command()
        self._child = child = self._run(command, environment, self._data)
        try:
            self.version = await self._until_ready(child)
        except BaseException:
            await child.end()
            raise
        self.obtained = "created" if created else "replaced" if replaced else "started"

    async def stop(self) -> None:
        """Stop it in good order; with force when it does not."""
        if self._child is not None:
            await self._child.end()
            if not self._child.exited.done():
                self._report(f"{self.name} (process {self._child.pid}) does not end.")

    async def keep_running(self, changed: Callable[[], None]) -> None:
        """Start it again whenever it ends, until cancelled; `changed` is called when another process runs."""
        clock, pause = asyncio.get_running_loop().time, 0.0
        while child := self._child:
            began = clock()
            await self._until_ended(child)
            self._report(f"{self.name} is gone: {describe_exit(child.exited.result())}. Starting it again.")
            pause = 0.0 if clock() - began > _LIVED_WELL else pause
            pause = await self._start_again(pause)
            try:
                changed()
            except OSError as error:
                self._report(f"What runs could not be written down: {error}")

    async def _start_again(self, pause: float) -> float:
        said = ""
        while True:
            await asyncio.sleep(pause)
            pause = min(max(2 * pause, 0.2), _LONGEST_PAUSE)
            try:
                await self.start()
            except Exception as error:  # whatever it is, giving up helps nobody: the disk may have room again
                reason = str(error).partition("\n")[0]
                if reason != said:
                    self._report(f"{error}\nTrying again until it does.")
                said = reason
            else:
                self.obtained = "restarted"
                self._report(f"{self.name} runs again (process {self.pid}).")
                return pause

    async def _until_ended(self, child: Child) -> None:
        while not child.exited.done():
            await asyncio.wait({child.exited}, timeout=_LOG_CHECK)
            with contextlib.suppress(OSError):  # a full disk must not end the watch
                await asyncio.to_thread(rotate, self.log)

    @abstractmethod
    async def _prepare(self) -> bool:
        """Make its data ready to start on; true when there were none."""

    @abstractmethod
    async def _command(self) -> tuple[list[str | Path], dict[str, str]]:
        """Write its configuration; what to run, and with which variables."""

    @abstractmethod
    async def _answer(self, child: Child) -> str | None:
        """Its version, once this very process answers; None until then."""

    def _run(self, command: list[str | Path], environment: dict[str, str], folder: Path) -> Child:
        log = self._folder.open_log(self.log)
        try:
            self._log_start = os.fstat(log).st_size
            return Child(Command(command, self._account, folder, log, self.endings, environment))
        finally:
            os.close(log)

    async def _until_ready(self, child: Child) -> str:
        clock, pause, said = asyncio.get_running_loop().time, 0.005, False
        began = clock()
        while (elapsed := clock() - began) < _START_LIMIT:
            if child.exited.done():
                raise self.failure(describe_exit(child.exited.result()))
            if version := await self._answer(child):
                return version
            if elapsed > _SLOW_START and not said:
                self._report(f"Waiting for {self.name}, which has much to read after it was cut off…")
                said = True
            await asyncio.wait({child.exited}, timeout=pause)
            pause = min(pause * 1.5, 0.1)
        raise self.failure(f"it did not answer within {_START_LIMIT:.0f} seconds")

    def failure(self, reason: str) -> ServerStartError:
        """The error that says why it did not start, with the end of its log."""
        return ServerStartError(self.name, reason, self.log, last_lines(self.log, self._log_start))

    async def _end_leftovers(self) -> bool:
        """End the processes that work on our data though we hold its lock: their platform is dead."""
        left = await asyncio.to_thread(find, self.program, self._data)
        if not left:
            return False
        for number, patience in self.endings:
            if not (aimed := self._aimed_at(left, number)):
                continue
            send(aimed, number)
            left = await self._until_gone(patience)
            if not left:
                return True
        raise ServerStartError(self.name, f"process {left[0]} of an earlier start does not end", self.log, "")

    def _aimed_at(self, pids: list[int], number: signal.Signals) -> list[int]:
        """Which of these processes understand this signal as an order to end."""
        return pids

    async def _until_gone(self, patience: float) -> list[int]:
        clock = asyncio.get_running_loop().time
        deadline = clock() + patience
        while left := await asyncio.to_thread(find, self.program, self._data):
            if clock() > deadline:
                break
            await asyncio.sleep(0.02)
        return left


def last_lines(log: Path, start: int, count: int = 15) -> str:
    """The last lines that were written to a log after position `start`."""
    try:
        with log.open("rb") as file:
            file.seek(max(start, file.seek(0, os.SEEK_END) - 16_384))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])
    except OSError:
        return ""


def rotate(log: Path, limit: int = _LOG_LIMIT) -> None:
    """Move a log that has grown over the limit to `.1` and empty it: the server keeps it open for appending."""
    if log.stat().st_size > limit:
        old = shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        old.chmod(0o600)
        os.truncate(log, 0)
