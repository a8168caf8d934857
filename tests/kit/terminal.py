"""A command at a terminal of its own, on which everything that it writes is read as a person reads it."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.kit.commands import AT_A_TERMINAL, PATIENCE, plain_environment

_MOVES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\r")


class Typed:
    """`with Typed("run", "ada", "Hi") as at: at.until("…"); at.type(b"y\\n"); assert at.end() == 0`."""

    def __init__(self, *arguments: object, environment: Mapping[str, str] | None = None) -> None:
        self._terminal, theirs = os.openpty()
        command = [sys.executable, "-m", "agentic", *map(str, arguments)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", AT_A_TERMINAL, *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=plain_environment() | {"TERM": "xterm"} | dict(environment or {}),
        )
        os.close(theirs)
        self._read = ""

    @property
    def screen(self) -> str:
        """What was written so far, without what moves the cursor."""
        return _MOVES.sub("", self._read)

    def until(self, text: str) -> str:
        """What is on the screen, once this text is."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.screen:
            assert time.monotonic() < deadline, f"{text!r} did not come:\n{self.screen}"
            if not self._more(0.2):
                assert text in self.screen, f"it ended without {text!r}:\n{self.screen}"
        return self.screen

    def type(self, keys: bytes) -> None:
        """Types at it."""
        os.write(self._terminal, keys)

    def end(self) -> int:
        """Its exit code, once it has ended."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it did not end:\n{self.screen}"
            self._more(0.05)
        while self._more(0.0):
            pass
        return self.process.returncode

    def _more(self, seconds: float) -> bool:
        """Reads what there is; false at the end."""
        if not select.select([self._terminal], [], [], seconds)[0]:
            return self.process.poll() is None
        try:
            read = os.read(self._terminal, 65536)
        except OSError:  # Linux: the other side is closed
            return False
        self._read += read.decode(errors="replace")
        return bool(read)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._terminal)
