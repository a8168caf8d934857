"""Operating system processes: start one that cannot outlive us, find those left by another, end them."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentic.platform.servers.account import Account, server_environment

Endings = Sequence[tuple[signal.Signals, float]]
"""How to end a process: each signal in turn, with the seconds to wait before the next."""

KERNEL_ENDS_CHILDREN = sys.platform == "linux"  # elsewhere a guard process does (guard.py)
_PYTHON = (sys.executable, "-I", "-S")


@dataclass(frozen=True)
class Command:
    """What to run, as whom, in which folder, and where its output goes."""

    arguments: Sequence[str | Path]
    account: Account
    folder: Path
    log: int  # an open file descriptor
    endings: Endings
    environment: dict[str, str]


class Child:
    """A process that we started; `exited` becomes its return code when it ends."""

    def __init__(self, command: Command) -> None:
        """Start it. The thread that does this must live as long as the server: the kernel watches the thread."""
        loop = asyncio.get_running_loop()
        self._endings = command.endings
        self._process = _launch(command)
        self.pid = self._process.pid
        self._guard = None if KERNEL_ENDS_CHILDREN else _guard(self.pid, command.endings)
        self.exited: asyncio.Future[int] = loop.create_future()
        threading.Thread(target=self._reap, args=(loop,), name=f"reap-{self.pid}", daemon=True).start()

    async def end(self) -> None:
        """End it with its signals in turn; returns when it is gone, or when the last signal's time is up."""
        await to_the_end(self._end())

    async def _end(self) -> None:
        for number, patience in self._endings:
            if self.exited.done():
                return
            self._process.send_signal(number)
            await asyncio.wait({self.exited}, timeout=patience)

    def _reap(self, loop: asyncio.AbstractEventLoop) -> None:
        code = self._process.wait()
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(self._set_exited, code)

    def _set_exited(self, code: int) -> None:
        if not self.exited.done():
            self.exited.set_result(code)


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Do the work to its end even when cancelled meanwhile, however often; be cancelled then."""
    task, cancelled = asyncio.create_task(work), None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled


def describe_exit(code: int) -> str:
    """A return code in words: "it ended with code 1", "it was killed by SIGKILL"."""
    if code >= 0:
        return f"it ended with code {code}"
    with contextlib.suppress(ValueError):
        return f"it was killed by {signal.Signals(-code).name}"
    return f"it was killed by signal {-code}"


def find(program: str, folder: Path) -> list[int]:
    """The live processes of this program that work in this folder, whoever started them.

    Zombies are not among them, nor a process that merely got the pid which an old file names.
    """
    folder = folder.resolve()
    return _find_in_proc(program, folder) if sys.platform == "linux" else find_with_lsof(program, folder)


def send(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to each; those that ended meanwhile do not matter."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def exists(pid: int) -> bool:
    """Whether there is such a process, in any state and of any user."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _launch(command: Command) -> subprocess.Popen[bytes]:
    account, on_death = command.account, command.endings[0][0]
    user = (account.uid, account.gid) if account.is_another else (-1, -1)
    script = Path(__file__).with_name("launch.py")
    facts = [*user, os.getpid(), int(on_death), command.folder]
    return subprocess.Popen(  # noqa: S603 - our own script and programs
        [*_PYTHON, script, *map(str, facts), *command.arguments],
        stdin=subprocess.DEVNULL,
        stdout=command.log,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=server_environment() | command.environment,
        start_new_session=True,  # Ctrl-C in the terminal is for the platform, which stops the servers in its order
    )


def _guard(pid: int, endings: Endings) -> subprocess.Popen[bytes]:
    stages = [f"{int(number)}:{patience}" for number, patience in endings]
    script = Path(__file__).with_name("guard.py")
    return subprocess.Popen(  # noqa: S603 - our own script and programs
        [*_PYTHON, script, str(pid), *stages], stdin=subprocess.PIPE, cwd="/", start_new_session=True
    )


def _find_in_proc(program: str, folder: Path) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # it ended, is a zombie, or belongs to another user
            if (entry / "cwd").readlink() == folder and (entry / "comm").read_text().strip() == program:
                found.append(int(entry.name))
    return found


def find_with_lsof(program: str, folder: Path) -> list[int]:
    """The same for macOS, which has no /proc but brings lsof."""
    command = [shutil.which("lsof") or "/usr/sbin/lsof", "-nPw", "-a", "-d", "cwd", "-c", program, "-F", "pn"]
    listing = subprocess.run(command, capture_output=True)  # noqa: S603 - a fixed program
    return parse_lsof(listing.stdout, folder)


def parse_lsof(listing: bytes, folder: Path) -> list[int]:
    r"""The pids in the output of `lsof -F pn` that name the folder: one field a line, after its letter.

    Bytes that the locale calls unprintable stand there as \xHH, and a backslash doubled (lsof(8), OUTPUT FOR OTHER
    PROGRAMS).
    """
    found, pid = list[int](), 0
    for line in listing.splitlines():
        if line.startswith(b"p"):
            pid = int(line[1:])
        elif line.startswith(b"n") and _unescaped(line[1:]) == os.fsencode(folder):
            found.append(pid)
    return found


def _unescaped(name: bytes) -> bytes:
    return re.sub(
        rb"\\(?:x([0-9a-f]{2})|(\\))", lambda m: bytes.fromhex(m[1].decode()) if m[1] else m[2], name
    )
