"""What every layer's HTTP side has in common: problem+json, request ids, health routes, bodies of bounded size."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import (
    InternalError,
    InvalidError,
    MethodError,
    NotFoundError,
    TooLargeError,
    as_platform_error,
    invalid_from,
)
from agentic.layers.base.errors import PlatformError

MAX_BODY = 10 * 1024 * 1024
HEALTH_LIMIT = 3.0
PROBLEM_TYPE = b"application/problem+json"
PROBLEM_SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "pattern": "^E[0-9]{4,5}$"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                "required": ["field", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
}


class JsonResponse(Response):
    """A response from bytes that are JSON already, or from a value."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Bytes as they are; anything else encoded."""
        return content if isinstance(content, bytes) else jsonio.encode(content)


def problem_response(error: PlatformError, request_id: str | None = None) -> Response:
    """An error as RFC 9457 problem+json, with the request's id and `Retry-After` where waiting helps."""
    problem = error.problem()
    if request_id:
        problem["request_id"] = request_id
    headers = {"X-Request-Id": request_id} if request_id else {}
    if error.status in (429, 503):
        headers["Retry-After"] = str(error.members.get("retry_after", 1))
    if "allow" in error.members:
        headers["Allow"] = str(error.members["allow"])
    if error.status == 401:
        headers["WWW-Authenticate"] = 'ApiKey realm="platform", Bearer realm="platform"'
    return Response(jsonio.encode(problem), error.status, headers, media_type=PROBLEM_TYPE.decode())


def translate(error: Exception) -> PlatformError:
    """Any exception as an error of the catalogue, those of the framework too."""
    if isinstance(error, RequestValidationError):
        return invalid_from(error.errors())
    if isinstance(error, HTTPException):
        return _from_http(error)
    return as_platform_error(error)


def _from_http(error: HTTPException) -> PlatformError:
    if error.status_code == 405 and error.headers is not None:
        return MethodError(allow=error.headers["Allow"])
    by_status: dict[int, type[PlatformError]] = {404: NotFoundError, 405: MethodError, 413: TooLargeError}
    cls = by_status.get(error.status_code)
    if cls is None:
        return (
            InvalidError(str(error.detail)) if error.status_code < 500 else InternalError(str(error.detail))
        )
    return cls("There is nothing at this address." if cls is NotFoundError else None)


async def read_body(receive: Receive, limit: int = MAX_BODY) -> bytes:
    """The whole request body.

    Raises:
        TooLargeError: it is larger than `limit` bytes; no more than that is ever held.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidError("The client hung up before the request was complete.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLargeError(f"The body is larger than {limit // (1024 * 1024)} MB.")
        chunks.append(chunk)
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def install_errors(app: FastAPI) -> None:
    """Answers every error as a problem; a mounted app has no handlers but its own."""

    async def on_error(request: Request, error: Exception) -> Response:
        return problem_response(translate(error), getattr(request.state, "request_id", None))

    for kind in (PlatformError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, on_error)


def install_health(app: FastAPI, health: Callable[[], Awaitable[Any]]) -> None:
    """The two health routes."""

    @app.get("/health/live", tags=["health"])
    async def live() -> JsonResponse:  # pyright: ignore[reportUnusedFunction]
        """The process answers. No I/O."""
        return JsonResponse({"status": "ok"})

    @app.get("/health/ready", tags=["health"])
    async def ready() -> JsonResponse:  # pyright: ignore[reportUnusedFunction]
        """The layer can do its work: 200 when ok or degraded, 503 when not."""
        report = await _within_limit(health)
        return JsonResponse(report, 503 if report["status"] == "down" else 200)


async def _within_limit(health: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await asyncio.wait_for(_call(health), HEALTH_LIMIT)
    except TimeoutError:
        detail = f"no answer within {HEALTH_LIMIT:.0f} s"
        return {"status": "down", "checks": {"health": {"status": "down", "detail": detail}}}


async def _call(health: Callable[[], Awaitable[Any]]) -> Any:
    return await health()
