"""Processes of the command `platform`, by `fork` of one that has imported already what commands import.

That takes a command a second, and hundreds are given. All else is as in a process that is started: its own terminal,
environment and exit code, and signals. What a command loads by itself is seen where real ones are started: by the tests of
the command line and the guides.
"""

from __future__ import annotations

import atexit
import fcntl
import multiprocessing
import os
import signal
import sys
import termios
from collections.abc import Mapping
from multiprocessing.connection import Connection

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.kit.preloaded"])


class Process:
    """`platform ARGUMENTS` with these files as its standard input, output and error.

    With `terminal` its standard input is the terminal that controls it: a Ctrl-C typed there arrives.
    """

    def __init__(
        self,
        arguments: tuple[object, ...],
        files: tuple[int, int, int],
        environment: Mapping[str, str],
        *,
        terminal: bool = False,
    ) -> None:
        handed = [Connection(os.dup(file)) for file in files]
        words = [str(argument) for argument in arguments]
        self._process = _context.Process(target=_become, args=(words, handed, dict(environment), terminal))
        self._process.start()
        for connection in handed:
            connection.close()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, the negative number of the signal that ended it, or none while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The same: what `subprocess` calls it."""
        return self.returncode

    def wait(self, patience: float) -> int:
        """Its exit code, once it has ended."""
        self._process.join(patience)
        if self.returncode is None:
            raise TimeoutError(f"process {self.pid} did not end within {patience:.0f} s")
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Sends it a signal, if it runs."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


def _become(words: list[str], files: list[Connection], environment: dict[str, str], terminal: bool) -> None:
    for number, file in enumerate(files):
        os.dup2(file.fileno(), number)
        file.close()
    if terminal:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    sys.stdin = open(0, encoding="utf-8", closefd=False)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["platform", *words]
    from agentic.cli import main

    try:
        main()
    finally:
        atexit._run_exitfuncs()
