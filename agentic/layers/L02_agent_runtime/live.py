"""The text of an answer while it is being given: told to whoever watches, written nowhere."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import L01Client

PAUSE: Final = 0.04
"""Seconds that text is gathered: a message for each token would cost more than the token."""


class LiveText:
    """The answer of one model call, told in pieces as it grows."""

    def __init__(self, l01: L01Client, run_id: str, step: int) -> None:
        self._l01 = l01
        self._run_id = run_id
        self._step = step
        self._pieces: list[str] = []
        self._telling: asyncio.Task[None] | None = None

    def __call__(self, text: str) -> None:
        """Takes the next piece."""
        self._pieces.append(text)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        while self._pieces:
            await asyncio.sleep(PAUSE)
            text = "".join(self._pieces)
            self._pieces.clear()
            with suppress(PlatformError):  # nobody watching, or no bus: the step has all of it in a moment
                await self._l01.runs.tell(self._run_id, {"step": self._step, "text": text})

    async def end(self) -> None:
        """What was not told yet stands in the step: it need not be told."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait({self._telling})
