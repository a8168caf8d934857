"""An MCP server for the tests: `python -m tests.layers.L03.mcp_server` over its input and output, or as an app."""

from __future__ import annotations

import os
from typing import Any

from mcp.server import MCPServer
from mcp.types import ToolAnnotations

server = MCPServer("tests")


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


@server.tool()
def say(text: str) -> str:
    """Says it."""
    return f"said {text} in {os.getpid()}"


@server.tool()
def secret() -> str:
    """Tells what it should not."""
    return f"it is {os.environ.get('TOKEN')} and {os.environ.get('DATABASE_URL')}"


@server.tool()
def fails() -> str:
    """Fails."""
    raise ValueError("on purpose")


@server.tool()
def dies() -> str:
    """Ends its process."""
    os._exit(3)


@server.tool()
async def hangs() -> str:
    """Never answers."""
    import anyio

    await anyio.sleep_forever()
    return ""


def app() -> Any:
    """The server behind streamable HTTP."""
    return server.streamable_http_app()


if __name__ == "__main__":
    server.run("stdio")
