"""MCP servers as tools. Only servers that were named here, in the configuration `mcp`, are ever started or asked.

A command is started for a while and kept as long as it is used; an endpoint is reached through the guarded way out. What a
server says of its tools is kept as records of the data layer, to be looked at, permitted and switched off like any other.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Self, cast

import httpx2

from agentic.layers.base import jsonio
from agentic.layers.base.background import end
from agentic.layers.base.errors import PlatformError
from agentic.layers.L03_tool_execution.definition import KEYWORD, McpExecution, check
from agentic.layers.L03_tool_execution.errors import (
    DefinitionError,
    ToolLayerError,
    ToolRefusedError,
    UnreachableToolError,
)
from agentic.layers.L03_tool_execution.guarded_transport import GuardedTransport
from agentic.layers.L03_tool_execution.models import McpServer
from agentic.layers.L03_tool_execution.openapi_tools import Made
from agentic.layers.L03_tool_execution.outgoing import Outgoing, parse_url
from agentic.layers.L03_tool_execution.secrets import Secrets
from agentic.layers.L03_tool_execution.tool import Redaction, ToolContext

if TYPE_CHECKING:
    from mcp import Client

NAMESPACE: Final = "mcp"
IDLE: Final = 120.0
"""Seconds after which a connection that nobody uses is closed."""
CONNECT: Final = 30.0
MOST_TOOLS: Final = 1000
_OTHER: Final = re.compile(r"[^A-Za-z0-9_-]+")


Opened = Callable[[Callable[[], None]], Any]
"""Opens a client, as a context; it calls what it is given when the server says nothing any more."""


class Connection:
    """A connection to one server, held by a task of its own: it is opened and closed where it lives."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._happened = asyncio.Event()
        self._ended = False
        self._users = 0
        self.task = asyncio.create_task(self._hold())

    @property
    def over(self) -> bool:
        """Whether it is of no use any more."""
        return self._ended or self.task.done()

    def end(self) -> None:
        """Closes it, although it may be in use."""
        self._ended = True
        self._happened.set()

    @asynccontextmanager
    async def used(self) -> AsyncGenerator[Client]:
        """The client, which stays open within the block.

        Raises:
            UnreachableToolError: the server cannot be reached.
        """
        self._users += 1
        try:
            yield await asyncio.wait_for(asyncio.shield(self._ready), CONNECT)
        except TimeoutError:
            raise UnreachableToolError(f"The MCP server did not answer within {CONNECT:g} s.") from None
        finally:
            self._users -= 1
            self._happened.set()

    async def _hold(self) -> None:
        try:
            async with self._opened(self.end) as client:
                self._ready.set_result(client)
                await self._until_idle()
        except Exception as error:
            self._ended = True
            failure = error if isinstance(error, PlatformError) else UnreachableToolError(_reason(error))
            if not self._ready.done():
                self._ready.set_exception(failure)
                self._ready.exception()  # somebody may have stopped waiting
        finally:
            if not self._ready.done():
                self._ready.cancel()

    async def _until_idle(self) -> None:
        while not self._ended:
            try:
                await asyncio.wait_for(self._happened.wait(), IDLE)
                self._happened.clear()
            except TimeoutError:
                if not self._users:
                    return


class _Watched:
    """What is read from a server, with a word when there is no more of it: the library itself only says so to callers."""

    def __init__(self, stream: Any, ended: Callable[[], None]) -> None:
        self._stream = stream
        self._ended = ended

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> Any:
        return await self._stream.__aexit__(*error)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except StopAsyncIteration:
            self._ended()
            raise


@asynccontextmanager
async def _watched(transport: Any, ended: Callable[[], None]) -> AsyncGenerator[Any]:
    async with transport as (read, write):
        yield _Watched(read, ended), write


class McpServers:
    """The connections of this process, one for each server and version of its definition."""

    def __init__(self, outgoing: Outgoing, secrets: Secrets) -> None:
        self._outgoing = outgoing
        self._secrets = secrets
        self._connections: dict[str, tuple[bytes, Connection]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Closes all."""
        self._connections.clear()
        await end(list(self._tasks))

    async def call(
        self,
        name: str,
        server: McpServer,
        execution: McpExecution,
        context: ToolContext,
        arguments: dict[str, Any],
    ) -> Any:
        """What a tool of a server gives.

        Raises:
            ToolRefusedError: it says that it could not do it.
            UnreachableToolError: it cannot be reached.
        """
        return await self._with(
            name, server, context.redact, lambda client: _called(client, execution.tool, arguments)
        )

    async def tools(self, name: str, server: McpServer) -> tuple[list[Made], dict[str, str]]:
        """What a server offers, as records of tools, and what of it cannot be one.

        Raises:
            UnreachableToolError: it cannot be reached.
        """
        listed = await self._with(name, server, Redaction({}), _listed)
        made: list[Made] = []
        skipped: dict[str, str] = {}
        prefix = f"{name}_" if server.prefix is None else server.prefix
        for tool in listed[:MOST_TOOLS]:
            try:
                made.append(_record(name, prefix, tool))
            except DefinitionError as error:
                skipped[tool.name] = error.detail
        return made, skipped

    async def _with(
        self, name: str, server: McpServer, redact: Redaction, use: Callable[[Client], Any]
    ) -> Any:
        # A connection may have died since it was used last; then nothing was sent, and a new one is made, once.
        for attempt in (1, 2):
            connection = self._connection(name, server, redact)
            try:
                async with connection.used() as client:
                    return await use(client)
            except ToolLayerError:
                raise
            except Exception as error:
                if attempt == 2 or not _is_closed(error):
                    raise UnreachableToolError(f"The MCP server {name}: {_reason(error)}") from None
                connection.end()
        raise AssertionError("unreachable")

    def _connection(self, name: str, server: McpServer, redact: Redaction) -> Connection:
        # The secrets are resolved at each call, so that each call knows what to take out of its result.
        opened = self._opener(name, server, redact)
        version = jsonio.encode(server.model_dump(mode="json"))
        kept = self._connections.get(name)
        if kept is not None and kept[0] == version and not kept[1].over:
            return kept[1]
        if kept is not None:
            kept[1].end()
        connection = Connection(opened)
        self._tasks.add(connection.task)
        connection.task.add_done_callback(self._tasks.discard)
        self._connections[name] = (version, connection)
        return connection

    def _opener(self, name: str, server: McpServer, redact: Redaction) -> Opened:
        if (server.command is None) == (server.url is None):
            raise DefinitionError(f"The MCP server {name} needs a command or an address, and not both.")
        if server.command is not None:
            environment = self._secrets.resolve(server.environment, redact)
            command = [str(self._secrets.resolve(part, redact)) for part in server.command]
            texts = {key: str(value) for key, value in environment.items()}
            return lambda ended: _started(command, texts, server.timeout, ended)
        headers = self._secrets.resolve(server.headers, redact)
        url = str(server.url)
        parse_url(url)
        sent = {key: str(value) for key, value in headers.items()}
        return lambda ended: self._reached(url, sent, server.timeout, ended)

    @asynccontextmanager
    async def _reached(
        self, url: str, headers: Mapping[str, str], seconds: float, ended: Callable[[], None]
    ) -> AsyncGenerator[Client]:
        # Imported here: it takes a while, and most platforms have no MCP server.
        from mcp import Client
        from mcp.client.streamable_http import streamable_http_client

        way = GuardedTransport(self._outgoing.guard)
        timeout = httpx2.Timeout(CONNECT, read=seconds)
        try:
            async with httpx2.AsyncClient(
                transport=way, headers=headers, timeout=timeout, trust_env=False
            ) as http:
                transport = _watched(streamable_http_client(url, http_client=http), ended)
                async with Client(cast("Any", transport), read_timeout_seconds=seconds) as client:
                    yield client
        except Exception:
            if way.forbidden is not None:
                raise way.forbidden from None
            raise


@asynccontextmanager
async def _started(
    command: list[str], environment: Mapping[str, str], seconds: float, ended: Callable[[], None]
) -> AsyncGenerator[Client]:
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    if shutil.which(command[0]) is None:
        raise UnreachableToolError(f"There is no program {command[0]}.")
    parameters = StdioServerParameters(command=command[0], args=command[1:], env=dict(environment))
    with open_null() as errors:
        transport = _watched(stdio_client(parameters, errlog=errors), ended)
        async with Client(cast("Any", transport), read_timeout_seconds=seconds) as client:
            yield client


@contextlib.contextmanager
def open_null() -> Any:
    """Where the errors of servers go: they may hold secrets, so no log has them."""
    with open(os.devnull, "w", encoding="utf-8") as sink:  # noqa: PTH123
        yield sink


async def _listed(client: Client) -> list[Any]:
    tools: list[Any] = []
    cursor: str | None = None
    while len(tools) < MOST_TOOLS:
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if cursor is None:
            break
    return tools


async def _called(client: Client, name: str, arguments: dict[str, Any]) -> Any:
    result: Any = await client.call_tool(name, arguments)
    content = [_part(part) for part in result.content]
    texts = [part for part in content if isinstance(part, str)]
    if result.is_error:
        raise ToolRefusedError("\n".join(texts) or "The MCP server says that it failed.")
    if result.structured_content is not None:
        return result.structured_content
    return texts[0] if len(content) == 1 and texts else content


def _part(part: Any) -> Any:
    return (
        part.text if part.type == "text" else part.model_dump(mode="json", by_alias=True, exclude_none=True)
    )


def _record(server: str, prefix: str, tool: Any) -> Made:
    hints = tool.annotations
    idempotent = hints is not None and bool(hints.read_only_hint or hints.idempotent_hint)
    execution = {"kind": "mcp", "server": server, "tool": tool.name, "idempotent": idempotent}
    schema_def = {**tool.input_schema, KEYWORD: execution}
    name = _OTHER.sub("_", f"{prefix}{tool.name}")[:64]
    check(name, schema_def, {})
    return Made(name, tool.description or tool.title or tool.name, schema_def)


def _is_closed(error: BaseException) -> bool:
    return type(error).__name__ in ("ClosedResourceError", "BrokenResourceError", "EndOfStream")


def _reason(error: BaseException) -> str:
    """What went wrong, when task groups have wrapped it."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseException", error.exceptions[0])  # pyright: ignore[reportUnknownMemberType]
    return f"{type(error).__name__}: {error}".rstrip(": ")
