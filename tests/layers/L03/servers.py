"""A server of this machine that counts what it is asked: the judge of what really happened."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.kit.http import served

Answer = Callable[[Request], Awaitable[Response]]


class Judge:
    """What was asked of it, in order."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.answers: dict[str, Answer] = {}

    async def answer(self, request: Request) -> Response:
        """What was prepared for the path, or how often it was asked."""
        body = (await request.body()).decode()
        self.asked.append(
            {
                "method": request.method,
                "path": request.url.path,
                "raw_path": request.scope["raw_path"].decode(),
                "query": request.url.query,
                "headers": dict(request.headers),
                "body": json.loads(body) if body.startswith(("{", "[", '"')) else body,
            }
        )
        if (answer := self.answers.get(request.url.path)) is not None:
            return await answer(request)
        return JSONResponse({"asked": len(self.asked), "echo": dict(request.headers)})


@asynccontextmanager
async def judging() -> AsyncGenerator[Judge]:
    """A judge on a port of its own."""
    judge = Judge()
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", judge.answer, methods=methods)])
    async with served(app) as judge.url:
        yield judge
