"""Reaches the data layer over HTTP, with one pool of connections for each event loop and address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final, cast
from urllib.parse import quote
from weakref import WeakKeyDictionary

import httpx2

from agentic.layers.base import jsonio, tracing
from agentic.layers.base.common_errors import InvalidError, UnreachableError
from agentic.layers.base.errors import from_problem
from agentic.layers.base.operation import Call, Operation
from agentic.layers.L01_data_layer.backends.backend import FeedEvent

LIMITS: Final = httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30)
TIMEOUT: Final = httpx2.Timeout(30.0, connect=5.0)

_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, httpx2.AsyncClient]] = WeakKeyDictionary()
_keepers: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncGenerator[None]] = WeakKeyDictionary()


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


class HttpBackend:
    """Sends an operation as the request that it describes."""

    def __init__(self, base_url: str, headers: Mapping[str, str] | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self._headers = dict(headers or {})

    async def call(self, operation: Operation, call: Call) -> Any:
        """The answer of the server.

        Raises:
            UnreachableError: there is none.
        """
        client = await pooled(self.base_url)
        path = operation.path.format_map(
            {name: quote(str(value), safe="") for name, value in call.path.items()}
        )
        content = jsonio.encode(call.body) if operation.body is not None else None
        try:
            response = await client.request(
                operation.method,
                path,
                params=_texts(call.query),
                content=content,
                headers=self._headers_of(call),
            )
        except httpx2.TransportError as error:
            raise UnreachableError(f"L01 at {self.base_url} does not answer: {error!r}") from error
        if response.is_success:
            return jsonio.decode(response.content) if response.content else None
        raise from_problem(_problem(response), response.status_code)

    def _headers_of(self, call: Call) -> dict[str, str]:
        headers = {**self._headers, **tracing.as_headers()}
        if call.body is not None:
            headers["content-type"] = "application/json"
        if call.expected is not None:
            headers["if-match"] = f'"{call.expected}"'
        if call.key is not None:
            headers["idempotency-key"] = call.key
        return headers

    async def follow(self, after: int | None, filters: Mapping[str, str]) -> AsyncGenerator[list[FeedEvent]]:
        """Batches from the server's event stream, resumed where it broke."""
        from agentic.layers.L01_data_layer.backends.event_stream import follow_stream

        async for batch in follow_stream(await pooled(self.base_url), self._headers, after, filters):
            yield batch

    async def close(self) -> None:
        """Nothing: the connections are shared, and closed with the loop."""


def _texts(query: Mapping[str, Any]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in query.items():
        if value is not None:
            texts[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return texts


def _problem(response: httpx2.Response) -> dict[str, Any]:
    try:
        problem = jsonio.decode(response.content)
    except InvalidError:
        problem = None
    if isinstance(problem, dict):
        return cast("dict[str, Any]", problem)
    return {"detail": f"the server answered {response.status_code}"}
