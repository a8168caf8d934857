"""`/mcp`: the protocol over streamable HTTP, without state: each request is whole in itself.

On a developer's machine it is open, as the layers are; a key that is shown must be a good one all the same. Beyond loopback
every request shows a key: `read` lets it list and read, `write` lets it call the tools that change something.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from agentic.layers.base import api_keys, tracing
from agentic.layers.base.api_keys import PLAIN_REFUSALS, KeyRing, printable
from agentic.layers.base.http import MAX_BODY
from agentic.layers.L11_integration.mcp.tool import Layers

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

PATH: Final = "/mcp"
_KEY: Final = "mcp_key"
_TRACE: Final = "mcp_trace"


class McpEndpoint:
    """Pure ASGI, at one address."""

    def __init__(self, layers: Callable[[], Awaitable[Layers]], keys: KeyRing, *, keys_needed: bool) -> None:
        self._layers = layers
        self._keys = keys
        self._keys_needed = keys_needed
        self._server: Server[Any] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request.

        Raises:
            PlatformError: it may not be made.
        """
        await self._identify(scope)
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        manager = StreamableHTTPSessionManager(self._made(), stateless=True, max_request_body_size=MAX_BODY)
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    async def _identify(self, scope: Scope) -> None:
        state = scope["state"]
        trace = tracing.current()
        if self._keys_needed or api_keys.presented_key(scope) is not None:
            record = state[_KEY] = await self._keys.admit(scope, "read")
            trace = {**trace, "actor": printable(record["name"])}
        state[_TRACE] = trace

    def _made(self) -> Server[Any]:
        if self._server is None:
            from agentic.layers.L11_integration.mcp.server import whole_server

            self._server = whole_server(self._layers, _admitted)
        return self._server


@contextmanager
def _admitted(request: Request, needed: api_keys.Scope) -> Generator[None]:
    """In the name of the request's key, if that may do this. The library may have left the request's own task."""
    state = request.scope["state"]
    if (record := state.get(_KEY)) is not None:
        api_keys.check(record, needed, PLAIN_REFUSALS)
    token = tracing.bind(state[_TRACE])
    try:
        yield
    finally:
        tracing.unbind(token)
