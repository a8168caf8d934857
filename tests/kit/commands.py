"""The command `platform`, given as a person gives it: in a process of its own, at a terminal."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from tests.kit.nursery import Process

PATIENCE = 60.0
CONTROL_C = b"\x03"


@dataclass(frozen=True)
class Ended:
    """A command that is over."""

    code: int
    out: str
    error: str


def run(*arguments: object, environment: Mapping[str, str] | None = None) -> Ended:
    """Gives a command and waits for its end."""
    with open(os.devnull) as nothing, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        files = (nothing.fileno(), out.fileno(), error.fileno())
        process = Process(arguments, files, plain_environment() | dict(environment or {}))
        try:
            return Ended(process.wait(PATIENCE), _written(out), _written(error))
        finally:
            process.kill()


def _written(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def plain_environment() -> dict[str, str]:
    """Ours, without what would change what the command does."""
    unwanted = ("PLATFORM_", "DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)} | {
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }


class Up:
    """`platform up` at a terminal of its own."""

    def __init__(
        self, data_dir: Path, *arguments: object, environment: Mapping[str, str] | None = None
    ) -> None:
        self.data_dir = data_dir
        self._terminal, theirs = os.openpty()
        self._out, self._error = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self.process = Process(
            ("up", "--data-dir", data_dir, *arguments),
            (theirs, self._out.fileno(), self._error.fileno()),
            plain_environment() | dict(environment or {}),
            terminal=True,
        )
        os.close(theirs)

    def wait_until_it_runs(self) -> dict[str, Any]:
        """What `platform status --json` says, once the platform says that it runs."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"it ended: {self.end()}")
            if (self.data_dir / "platform.json").exists():
                status = run("status", "--json", "--data-dir", self.data_dir)
                if status.code == 0:
                    return json.loads(status.out)
            time.sleep(0.05)
        raise AssertionError("it did not start in time")

    def type(self, keys: bytes) -> None:
        """Types at its terminal."""
        os.write(self._terminal, keys)

    def end(self) -> Ended:
        """Waits for its end."""
        return Ended(self.process.wait(PATIENCE), _written(self._out), _written(self._error))

    def kill(self) -> None:
        """SIGKILL, and nothing else."""
        self.process.kill()
        self.end()

    def close(self) -> None:
        """Leaves nothing behind, whatever the test did."""
        self.process.kill()
        self.process.wait(PATIENCE)
        for file in (self._out, self._error):
            file.close()
        os.close(self._terminal)


@contextmanager
def up(data_dir: Path, *arguments: object, environment: Mapping[str, str] | None = None) -> Generator[Up]:
    """A platform on free ports that does not outlive the block."""
    started = Up(data_dir, "--port", 0, *arguments, environment=environment)
    try:
        yield started
    finally:
        started.close()


def family(pid: int) -> list[psutil.Process]:
    """A process and all that it started."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def wait_until_gone(processes: list[psutil.Process]) -> None:
    """Returns when none of them lives."""
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE)
    assert not alive
