"""The MCP servers that are known here: kept in the configuration `mcp` of the data layer, with its history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentic.layers.base.operation import validated
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.config import Config
from agentic.layers.L03_tool_execution.definition import McpExecution
from agentic.layers.L03_tool_execution.errors import DefinitionError
from agentic.layers.L03_tool_execution.mcp_tools import NAMESPACE, McpServers
from agentic.layers.L03_tool_execution.models import McpServer, McpServerRecord
from agentic.layers.L03_tool_execution.openapi_tools import Made
from agentic.layers.L03_tool_execution.outgoing import parse_url
from agentic.layers.L03_tool_execution.tool import NAME, Runner, ToolContext


class McpRegistry:
    """Names servers, and calls their tools."""

    def __init__(self, client: Callable[[], L01Client], servers: McpServers) -> None:
        self._client = client
        self._servers = servers

    async def list(self) -> list[McpServerRecord]:
        """All of them."""
        return [_record(each) for each in (await self._client().config.list(NAMESPACE, limit=1000))["items"]]

    async def set(self, name: str, server: McpServer) -> McpServerRecord:
        """Makes a server known, or changes it.

        Raises:
            DefinitionError: it cannot be one.
        """
        if not NAME.fullmatch(name):
            raise DefinitionError(f"{name!r} cannot be the name of a server: letters, digits, _ and -.")
        if (server.command is None) == (server.url is None):
            raise DefinitionError("An MCP server has a command or an address, and not both.")
        if server.url is not None:
            parse_url(server.url)
        return _record(await self._client().config.set(NAMESPACE, name, server.model_dump(mode="json")))

    async def delete(self, name: str) -> None:
        """Makes a server unknown. Its tools stay, and fail.

        Raises:
            NotFoundError: it is not known.
        """
        await self._client().config.delete(NAMESPACE, name)

    async def offered(self, name: str) -> tuple[list[Made], dict[str, str], McpServer]:
        """What a server offers now.

        Raises:
            NotFoundError: it is not known.
            UnreachableToolError: it cannot be reached.
        """
        server = await self._get(name)
        return *await self._servers.tools(name, server), server

    def runner(self, execution: McpExecution) -> Runner:
        """What carries out the calls of a tool."""

        async def run(context: ToolContext, arguments: dict[str, Any]) -> Any:
            server = await self._get(execution.server)
            return await self._servers.call(execution.server, server, execution, context, arguments)

        return run

    async def _get(self, name: str) -> McpServer:
        return validated(McpServer, (await self._client().config.get(NAMESPACE, name))["value"])


def _record(config: Config) -> McpServerRecord:
    return {"name": config["key"], "server": config["value"], "version": config["version"]}
