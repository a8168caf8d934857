"""The two ways to reach a layer, `local` (a call) and `http`. Both take and return the same, and raise the same errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Any, Final, Protocol, cast
from urllib.parse import quote
from weakref import WeakKeyDictionary

import httpx2

from agentic.layers.base import jsonio, tracing
from agentic.layers.base.common_errors import InvalidError, UnreachableError, as_platform_error
from agentic.layers.base.errors import PlatformError, from_problem
from agentic.layers.base.operation import Answer, Call, Operation, Route, validated

LIMITS: Final = httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30)
TIMEOUT: Final = httpx2.Timeout(30.0, connect=5.0)

_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, httpx2.AsyncClient]] = WeakKeyDictionary()
_keepers: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncGenerator[None]] = WeakKeyDictionary()


class Backend(Protocol):
    """Carries operations out."""

    async def answer(self, operation: Operation, call: Call) -> Answer:
        """The answer as JSON text, for who passes it on.

        Raises:
            PlatformError: the class that the service raised, on either backend.
        """
        ...

    async def call(self, operation: Operation, call: Call) -> Any:
        """The answer as JSON-ready Python values; none where there is none.

        Raises:
            PlatformError: the class that the service raised, on either backend.
        """
        ...

    async def close(self) -> None:
        """Lets go of what the backend holds."""
        ...


class LocalBackend:
    """Calls the services of this process. What the caller gets is decoded from the same JSON that HTTP would send."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._handlers = {route.operation.name: route.handler for route in routes}

    async def answer(self, operation: Operation, call: Call) -> Answer:
        """The answer of the service."""
        try:
            return await self._handlers[operation.name](call)
        except PlatformError:
            raise
        except Exception as error:
            raise as_platform_error(error) from error

    async def call(self, operation: Operation, call: Call) -> Any:
        """The answer of the service, decoded."""
        body = (await self.answer(operation, call)).body
        return jsonio.decode(body) if body else None

    async def close(self) -> None:
        """Nothing: the layer closes what it opened."""


class HttpBackend:
    """Sends an operation as the request that it describes."""

    def __init__(self, layer: str, base_url: str, headers: Mapping[str, str] | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self._layer = layer
        self._headers = dict(headers or {})

    async def answer(self, operation: Operation, call: Call) -> Answer:
        """The answer of the server.

        Raises:
            UnreachableError: there is none.
        """
        response = await self._send(operation, call)
        tag = response.headers.get("etag", "").strip('"')
        location = response.headers.get("location")
        return Answer(
            response.content,
            int(tag) if tag.isdigit() else None,
            location.rpartition("/")[2] if location else None,
        )

    async def call(self, operation: Operation, call: Call) -> Any:
        """The answer of the server, decoded.

        Raises:
            UnreachableError: there is none.
        """
        content = (await self._send(operation, call)).content
        return jsonio.decode(content) if content else None

    async def _send(self, operation: Operation, call: Call) -> httpx2.Response:
        client = await pooled(self.base_url)
        path = operation.path.format_map({name: segment(name, value) for name, value in call.path.items()})
        content = None
        if operation.body is not None:
            # An encoder makes null of NaN and text of the key 1: what is refused in process is refused here too.
            validated(operation.body, call.body)
            content = jsonio.encode(call.body)
        try:
            response = await client.request(
                operation.method,
                path,
                params=_texts(call.query),
                content=content,
                headers=self._headers_of(call),
            )
        except httpx2.TransportError as error:
            raise UnreachableError(f"{self._layer} at {self.base_url} does not answer: {error!r}") from error
        if not response.is_success:
            raise refusal(response)
        return response

    def _headers_of(self, call: Call) -> httpx2.Headers:
        headers = httpx2.Headers({**self._headers, **tracing.as_headers()}, encoding="utf-8")
        if call.body is not None:
            headers["content-type"] = "application/json"
        if call.expected is not None:
            headers["if-match"] = f'"{call.expected}"'
        if call.key is not None:
            headers["idempotency-key"] = call.key
        return headers

    async def close(self) -> None:
        """Nothing: the connections are shared, and closed with the loop."""


async def pooled(base_url: str) -> httpx2.AsyncClient:
    """The connections to `base_url` of this event loop: made once, closed with the loop."""
    loop = asyncio.get_running_loop()
    pool = _pools.setdefault(loop, {})
    if loop not in _keepers:
        # `asyncio.run` closes the loop's async generators before the loop: this one closes the connections.
        _keepers[loop] = _closing(pool)
        await anext(_keepers[loop])
    if base_url not in pool:
        pool[base_url] = httpx2.AsyncClient(
            base_url=base_url, limits=LIMITS, timeout=TIMEOUT, trust_env=False
        )
    return pool[base_url]


async def _closing(pool: dict[str, httpx2.AsyncClient]) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        for client in pool.values():
            await client.aclose()
        pool.clear()


def segment(name: str, value: object) -> str:
    """A parameter as one part of a path: with another number of parts it would be another operation's.

    Raises:
        InvalidError: it cannot be one part.
    """
    text = str(value)
    if text in ("", ".", "..") or "/" in text:
        raise InvalidError.of((name, "not a part of a path"))
    return quote(text, safe="", errors="surrogatepass")


def _texts(query: Mapping[str, Any]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in query.items():
        if value is not None:
            texts[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return texts


def refusal(response: httpx2.Response) -> PlatformError:
    """The error that a server answered with, as the class that it raised; its body has been read."""
    return from_problem(_problem(response), response.status_code)


def _problem(response: httpx2.Response) -> dict[str, Any]:
    try:
        problem = jsonio.decode(response.content)
    except InvalidError:
        problem = None
    if isinstance(problem, dict):
        return cast("dict[str, Any]", problem)
    return {"detail": f"the server answered {response.status_code}"}
