"""Somebody else's server that webhooks are sent to: remembers what came, and answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from agentic.layers.base import jsonio
from tests.kit.http import served
from tests.layers.L11.conftest import PATIENCE

Say = Callable[[Any], Awaitable[int | Response] | int | Response]


class Receiver:
    """What was taken, and what was asked at all."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Any] = []
        self.taken: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.say: Say = lambda event: 204
        self._came = asyncio.Condition()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        event = jsonio.decode(body)
        self.asked.append(event)
        self.headers.append(dict(request.headers))
        self.bodies.append(body)
        said = self.say(event)
        answer = said if isinstance(said, int | Response) else await said
        response = answer if isinstance(answer, Response) else Response(status_code=answer)
        if 200 <= response.status_code < 300:
            self.taken.append(event)
        async with self._came:
            self._came.notify_all()
        await response(scope, receive, send)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Returns when it does."""
        async with asyncio.timeout(PATIENCE), self._came:
            await self._came.wait_for(holds)

    @property
    def numbers(self) -> list[Any]:
        """What the events that were taken say that they are."""
        return [event["payload"] for event in self.taken]


@asynccontextmanager
async def receiving() -> AsyncGenerator[Receiver]:
    """A receiver on a port of its own."""
    receiver = Receiver()
    async with served(receiver) as receiver.url:
        yield receiver
