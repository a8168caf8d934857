"""Patterns and schemas of anybody's, matched in a child process that is ended when it takes too long.

A pattern such as `(a+)+$` can take hours on thirty characters, and in Python nothing stops it but the end of its process.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.L06_evaluation.errors import PatternTimeoutError

CHILD: Final = Path(__file__).with_name("inside_bounded.py")
STARTS_WITHIN: Final = 30.0
LONGEST_LINE: Final = 64 * 1024 * 1024


class Bounded:
    """One child, started when it is first needed, and again after it had to be ended."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._child: asyncio.subprocess.Process | None = None
        self._one = asyncio.Lock()

    async def search(self, pattern: str, text: str, flags: int) -> bool:
        """Whether a regular expression is found in a text.

        Raises:
            PatternTimeoutError: it took too long.
        """
        return await self._ask({"pattern": pattern, "text": text, "flags": flags})

    async def problems(self, schema: Any, value: Any) -> list[str]:
        """What is wrong with a value by a JSON Schema.

        Raises:
            PatternTimeoutError: it took too long.
        """
        return await self._ask({"schema": schema, "value": value})

    async def close(self) -> None:
        """Ends the child."""
        child, self._child = self._child, None
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()

    async def _ask(self, question: dict[str, Any]) -> Any:
        async with self._one:
            child = await self._started()
            assert child.stdin is not None and child.stdout is not None
            answered = False
            try:
                async with asyncio.timeout(self._seconds):
                    child.stdin.write(jsonio.encode(question) + b"\n")
                    await child.stdin.drain()
                    line = await child.stdout.readline()
                answered = bool(line)
            except (TimeoutError, ConnectionError):
                line = b""
            finally:
                if not answered:  # also when who asked is gone: the child is at work on what nobody wants
                    await self.close()
            if not line:
                raise PatternTimeoutError(
                    f"It took more than {self._seconds:g} s on this value, and was ended."
                )
            return jsonio.decode(line)

    async def _started(self) -> asyncio.subprocess.Process:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                *(sys.executable, str(CHILD)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
            )
            assert self._child.stdout is not None
            async with asyncio.timeout(STARTS_WITHIN):
                await self._child.stdout.readline()  # it is there
        return self._child
