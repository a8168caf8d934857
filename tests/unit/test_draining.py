"""How requests end when the platform stops."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from agentic.platform.draining import Draining

pytestmark = pytest.mark.anyio


class Request:
    """One request to an app behind the drain, in a task of its own, as uvicorn runs it."""

    def __init__(self, drain: Draining, kind: str = "http") -> None:
        self.sent: list[dict[str, Any]] = []
        self.started = asyncio.Event()
        scope = {"type": kind, "path": "/", "headers": [], "request": self}
        self.task = asyncio.create_task(drain(scope, self.receive, self.send))

    async def receive(self) -> Any:
        await asyncio.Event().wait()

    async def send(self, message: Any) -> None:
        self.sent.append(message)


def start(content_type: bytes) -> dict[str, Any]:
    return {"type": "http.response.start", "status": 200, "headers": [(b"content-type", content_type)]}


async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
    await send(start(b"text/event-stream; charset=utf-8"))
    scope["request"].started.set()
    await asyncio.Event().wait()


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    scope["request"].started.set()
    await asyncio.Event().wait()


async def test_streams_end_at_once_and_in_order() -> None:
    drain = Draining(streaming)
    request = Request(drain)
    await request.started.wait()
    drain.end_streams()
    await request.task
    assert request.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_a_stream_that_begins_while_stopping_ends_too() -> None:
    drain = Draining(streaming)
    drain.end_streams()
    request = Request(drain)
    await request.task
    assert request.sent[-1]["more_body"] is False


async def test_other_requests_may_finish() -> None:
    may_finish = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["request"].started.set()
        await may_finish.wait()
        await send(start(b"application/json"))
        await send({"type": "http.response.body", "body": b"{}"})

    drain = Draining(app)
    request = Request(drain)
    await request.started.wait()
    drain.end_streams()
    may_finish.set()
    await request.task
    assert [message["type"] for message in request.sent] == ["http.response.start", "http.response.body"]
    assert request.sent[0]["status"] == 200


async def test_what_does_not_finish_is_answered_503() -> None:
    drain = Draining(slow)
    request = Request(drain)
    await request.started.wait()
    drain.end_all()
    await request.task
    assert request.sent[0]["status"] == 503
    assert b"E1090" in request.sent[1]["body"]


async def test_a_socket_that_ignores_its_end_is_ended() -> None:
    drain = Draining(slow)
    request = Request(drain, "websocket")
    await request.started.wait()
    drain.end_all()
    await request.task
    assert request.sent == []


async def test_a_request_cancelled_by_somebody_else_stays_cancelled() -> None:
    request = Request(Draining(slow))
    await request.started.wait()
    request.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request.task
