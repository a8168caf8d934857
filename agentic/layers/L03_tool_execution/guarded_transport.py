"""The guarded way out for libraries that bring an HTTP client of their own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from typing import Any, cast

import httpcore2
import httpx2

from agentic.layers.base.public_addresses import Guard
from agentic.layers.L03_tool_execution.errors import ForbiddenAddressError
from agentic.layers.L03_tool_execution.outgoing import ssl_context


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Carries requests out, to addresses that were looked at."""

    def __init__(self, guard: Guard) -> None:
        self._pool = httpcore2.AsyncConnectionPool(ssl_context=ssl_context(), network_backend=guard)
        self.forbidden: ForbiddenAddressError | None = None
        """Why a request was not made, for who gets only another library's word for it."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, as it comes.

        Raises:
            httpx2.TransportError: there is none.
        """
        url = request.url
        asked = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=cast("Any", request.stream),
            extensions=request.extensions,
        )
        try:
            with _as_transport_errors(request):
                response = await self._pool.handle_async_request(asked)
        except ForbiddenAddressError as error:
            self.forbidden = error
            raise
        return httpx2.Response(
            response.status,
            headers=response.headers,
            stream=_Stream(request, response),
            extensions=dict(cast("Any", response).extensions),
        )

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._pool.aclose()


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, request: httpx2.Request, response: httpcore2.Response) -> None:
        self._request = request
        self._response = response

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        with _as_transport_errors(self._request):
            async for part in self._response.aiter_stream():
                yield part

    async def aclose(self) -> None:
        await self._response.aclose()


@contextmanager
def _as_transport_errors(request: httpx2.Request) -> Generator[None]:
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise httpx2.ReadTimeout(str(error), request=request) from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise httpx2.ReadError(str(error), request=request) from error
