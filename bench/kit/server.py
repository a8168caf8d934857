"""Starts a server as its own process, waits until it answers, and stops it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import psutil


class ServerError(Exception):
    """A server ended or did not answer in time; the message holds the end of what it printed."""


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def uvicorn_command(application: str, port: int) -> list[str]:
    """The command that serves an application the way that it is served in earnest."""
    options = (
        f"--host 127.0.0.1 --port {port} --loop uvloop --http httptools --no-access-log --log-level warning"
    )
    return [sys.executable, "-m", "uvicorn", application, *options.split()]


class Server:
    """A server process in a group of its own, from entering until leaving the context."""

    def __init__(
        self, command: Sequence[str], ready_url: str, environment: Mapping[str, str], timeout: float = 60.0
    ):
        self._command = command
        self._ready_url = ready_url
        self._environment = {**os.environ, **environment}
        self._timeout = timeout
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        self.seconds_to_ready = 0.0

    def __enter__(self) -> Self:
        """Start it.

        Raises ServerError when it does not answer `ready_url` with a success in time.
        """
        started = time.perf_counter()
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._wait_until_ready(started + self._timeout)
        except BaseException:
            self.stop()
            raise
        self.seconds_to_ready = time.perf_counter() - started
        return self

    def _wait_until_ready(self, deadline: float) -> None:
        while time.perf_counter() < deadline:
            if self._process.poll() is not None:
                raise ServerError(f"exit code {self._process.returncode}: {self.last_output()}")
            if self._answers():
                return
            time.sleep(0.01)
        raise ServerError(f"no answer within {self._timeout} s: {self.last_output()}")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self._ready_url, timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def last_output(self) -> str:
        """The end of what it printed."""
        self._output.seek(0)
        return self._output.read().decode(errors="replace")[-2000:]

    @property
    def pid(self) -> int:
        return self._process.pid

    def resident_megabytes(self) -> float:
        """The memory of the process itself, without its children."""
        return psutil.Process(self.pid).memory_info().rss / 1e6

    def stop(self, patience: float = 10.0) -> None:
        """End the process, by force if it does not end by itself."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._output.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
