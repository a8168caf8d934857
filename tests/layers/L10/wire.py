"""Both ends of the sockets, as a test speaks them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect

from agentic.layers.L01_data_layer.client import L01Client

PATIENCE = 20.0


def address(url: str, query: str = "") -> str:
    """The socket's address."""
    return f"{url.replace('http', 'ws', 1)}/ws/events{'?' if query else ''}{query}"


async def told(socket: ClientConnection) -> Any:
    """The next message."""
    async with asyncio.timeout(PATIENCE):
        return json.loads(await socket.recv())


async def publish(l01: L01Client, count: int, event_type: str = "bell.rung", payload: Any = None) -> str:
    """Appends facts in order, each with its number, and answers their aggregate."""
    aggregate = str(uuid4())
    facts = [
        {
            "event_type": event_type,
            "aggregate_type": event_type.partition(".")[0],
            "aggregate_id": aggregate,
            "payload": {"number": number} if payload is None else payload,
        }
        for number in range(count)
    ]
    await l01.events.append_all(facts)
    return aggregate


async def eventually(true: Callable[[], Any]) -> None:
    """Returns when it is: for what can only be looked at."""
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.005)


class Page:
    """A page's end of its socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []

    async def frame(self) -> dict[str, Any]:
        """The next frame, not acknowledged; what is no frame is passed over."""
        while "content" not in (message := await told(self.socket)):
            pass
        self.frames.append(message)
        return message

    async def acknowledge(self) -> None:
        """Says that the last frame was painted."""
        await self.socket.send(json.dumps({"ack": self.frames[-1]["number"]}))

    async def until(self, text: str) -> dict[str, Any]:
        """Takes and acknowledges frames until one says `text`."""
        async with asyncio.timeout(PATIENCE):
            while text not in (frame := await self.frame())["content"]:
                await self.acknowledge()
        await self.acknowledge()
        return frame

    async def wish(self, **fields: Any) -> None:
        """Asks for another view."""
        await self.socket.send(json.dumps(fields))


@asynccontextmanager
async def page(url: str, view: str, query: str = "") -> AsyncGenerator[Page]:
    """A page that is connected."""
    async with connect(address(url, f"format=html&view={view}&{query}")) as socket:
        yield Page(socket)
