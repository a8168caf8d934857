"""Requests in flight, and how they end when the platform stops.

A stream of server-sent events never ends by itself: it is closed at once, and its reader comes back to the next start;
uvicorn does the same for WebSockets. Any other request may finish; one that takes longer than the platform waits is
answered 503.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentic.layers.base.common_errors import UnreachableError
from agentic.layers.base.http import problem_response


class Draining:
    """Pure ASGI: knows the requests that `app` is answering. Each runs in a task of its own, as uvicorn does it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._stopping = False
        self._running: set[asyncio.Task[object]] = set()
        self._streams: set[asyncio.Task[object]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102
        task = asyncio.current_task()
        if task is None or scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        started = False

        async def reply(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if is_stream(message):
                    self._streams.add(task)
                    if self._stopping:
                        task.cancel()
            await send(message)

        self._running.add(task)
        try:
            await self.app(scope, receive, reply)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            task.uncancel()
            if scope["type"] == "http":
                await _end(scope, receive, send, started)
        finally:
            self._running.discard(task)
            self._streams.discard(task)

    def end_streams(self) -> None:
        """Ends the streams, and those that begin from now on."""
        self._stopping = True
        _cancel(self._streams)

    def end_all(self) -> None:
        """Ends everything that is still running."""
        self._stopping = True
        _cancel(self._running)


def is_stream(start: Message) -> bool:
    """Whether a response that starts so goes on for as long as its reader wants."""
    return any(
        name == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in start.get("headers", ())
    )


async def _end(scope: Scope, receive: Receive, send: Send, started: bool) -> None:
    if started:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    await problem_response(UnreachableError("The platform is stopping."))(scope, receive, send)


def _cancel(tasks: set[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
