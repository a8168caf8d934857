"""One WebSocket connection: something that sends, beside something that listens."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Any, Final

from fastapi import WebSocket, WebSocketDisconnect

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.errors import PlatformError
from agentic.layers.L10_human_interface.settings import L10Settings

INVALID: Final = 1007
"""The close code for a client that says what cannot be understood."""


def whole_number(name: str, value: Any) -> int | None:
    """A count or a position as a client gives it, or none.

    Raises:
        InvalidError: it is neither.
    """
    if value is None:
        return None
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidError.of((name, "a whole number"))
    return int(text)


class Socket(ABC):
    """One connection. When the sending or the listening ends, so does the other."""

    def __init__(self, websocket: WebSocket, settings: L10Settings) -> None:
        self._websocket = websocket
        self._settings = settings

    async def run(self) -> None:
        """Serves the connection until it ends."""
        tasks = [asyncio.create_task(self.send_all()), asyncio.create_task(self.listen())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            await self._end(result)

    async def _end(self, result: object) -> None:
        if isinstance(result, PlatformError):
            await self._websocket.close(INVALID, result.detail[:100])
        elif isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect | TimeoutError):
            raise result

    @abstractmethod
    async def send_all(self) -> None:
        """Sends for as long as there is something to send."""

    async def listen(self) -> None:
        """Takes in what the client says, until it is gone."""
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            self.heard(message.get("text") or "")

    def heard(self, text: str) -> None:  # noqa: B027
        """Takes in one message. The public stream has no use for any."""

    async def deliver(self, *texts: str) -> None:
        """Sends messages.

        Raises:
            TimeoutError: the client does not take them in time.
        """
        async with asyncio.timeout(self._settings.send_timeout):
            for text in texts:
                await self._websocket.send_text(text)
