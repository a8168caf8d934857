"""The command `platform`, given as a person gives it: in a process of its own, at a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

PATIENCE = 60.0

# Becomes the command with its standard input as the terminal that controls it, so that a Ctrl-C typed there arrives.
AT_A_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
CONTROL_C = b"\x03"


@dataclass(frozen=True)
class Ended:
    """A command that is over."""

    code: int
    out: str
    error: str


def run(*arguments: object, environment: Mapping[str, str] | None = None) -> Ended:
    """Gives a command and waits for its end."""
    done = subprocess.run(
        [sys.executable, "-m", "agentic", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=plain_environment() | dict(environment or {}),
    )
    return Ended(done.returncode, done.stdout, done.stderr)


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
        command = [sys.executable, "-m", "agentic", "up", "--data-dir", str(data_dir), *map(str, arguments)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", AT_A_TERMINAL, *command],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=plain_environment() | dict(environment or {}),
        )
        os.close(theirs)

    def wait_until_it_runs(self) -> dict[str, Any]:
        """What `platform status --json` says, once the platform says that it runs."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                out, error = self.process.communicate()
                raise AssertionError(f"it ended with {self.process.returncode}:\n{out}\n{error}")
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
        out, error = self.process.communicate(timeout=PATIENCE)
        return Ended(self.process.returncode, out, error)

    def kill(self) -> None:
        """SIGKILL, and nothing else."""
        self.process.kill()
        self.end()

    def close(self) -> None:
        """Leaves nothing behind, whatever the test did."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
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
