"""The server that speaks the protocol: our tools and resources in its words, and our errors as those of tools.

The protocol's library takes a while to import, so that happens when the first server is made.
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

from agentic import __version__
from agentic.layers.base import jsonio
from agentic.layers.base.api_keys import Scope
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.http import translate
from agentic.layers.L11_integration.mcp import documents, events, resources, sessions, work
from agentic.layers.L11_integration.mcp.resources import RECORDS, SCHEME, WORK, Resources
from agentic.layers.L11_integration.mcp.tool import Layers, Tool

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

NAME: Final = "agentic-platform"
INSTRUCTIONS: Final = (
    "Records of a self-hosted platform for AI agents. Sessions keep the context of who works on something; documents are "
    "found by their words and by the hash of their content; the log has everything that happened. Errors begin with a code "
    "such as E1005, which says what to do. Times are UTC."
)
RECORD_TOOLS: Final = (*sessions.TOOLS, *documents.TOOLS, *events.TOOLS)
"""What a context orchestrator and a document consolidator want."""
ALL_TOOLS: Final = (*RECORD_TOOLS, *work.TOOLS)

Admission = Callable[[Any, Scope], AbstractContextManager[Any]]
"""Given what the transport knows of a request: the context in which it is answered. It raises when it may not be."""


def records_server(layers: Callable[[], Awaitable[Layers]], admit: Admission) -> Server[Any]:
    """A server with sessions, documents and events."""
    return _Serving(RECORD_TOOLS, Resources(RECORDS), layers, admit).server()


def whole_server(layers: Callable[[], Awaitable[Layers]], admit: Admission) -> Server[Any]:
    """A server with runs, approvals, goals and feedback as well."""
    return _Serving(ALL_TOOLS, Resources((*RECORDS, *WORK)), layers, admit).server()


class _Serving:
    """The handlers of one server."""

    def __init__(
        self,
        tools: tuple[Tool, ...],
        resources: Resources,
        layers: Callable[[], Awaitable[Layers]],
        admit: Admission,
    ) -> None:
        self._tools: Mapping[str, Tool] = {tool.name: tool for tool in tools}
        self._resources = resources
        self._layers = layers
        self._admit = admit

    def server(self) -> Server[Any]:
        """The library's server with these handlers."""
        from mcp.server.lowlevel import Server

        return Server(
            NAME,
            version=__version__,
            title="Agentic platform",
            instructions=INSTRUCTIONS,
            on_list_tools=self.list_tools,
            on_call_tool=self.call_tool,
            on_list_resources=self.list_resources,
            on_list_resource_templates=self.list_templates,
            on_read_resource=self.read_resource,
            get_tool_input_schema=lambda name: tool.schema if (tool := self._tools.get(name)) else None,
        )

    async def list_tools(self, context: Any, params: Any) -> Any:
        """Every tool."""
        from mcp.types import ListToolsResult

        return ListToolsResult(tools=[_described(tool) for tool in self._tools.values()])

    async def call_tool(self, context: Any, params: Any) -> Any:
        """What a tool answers, or says that went wrong."""
        from mcp import MCPError
        from mcp.types import INVALID_PARAMS

        tool = self._tools.get(params.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, f"There is no tool {params.name!r}.")
        try:
            with self._admit(context.request, tool.scope):
                return _answer(await tool.handler(await self._layers(), params.arguments or {}))
        except Exception as error:
            return _failure(translate(error))

    async def list_resources(self, context: Any, params: Any) -> Any:
        """The documents in force."""
        from mcp.types import ListResourcesResult, Resource

        cursor = None if params is None else params.cursor
        page, following = await self._read(
            context, lambda layers: resources.documents_in_force(layers, cursor)
        )
        listed = [
            Resource(
                uri=f"{SCHEME}documents/{document['id']}",
                name=document["title"],
                mime_type=document["content_type"],
            )
            for document in page
        ]
        return ListResourcesResult(resources=listed, next_cursor=following)

    async def list_templates(self, context: Any, params: Any) -> Any:
        """The addresses of records."""
        from mcp.types import ListResourceTemplatesResult, ResourceTemplate

        templates = [
            ResourceTemplate(
                name=kind.name,
                uri_template=kind.template,
                description=kind.description,
                mime_type=kind.media_type,
            )
            for kind in self._resources.kinds
        ]
        return ListResourceTemplatesResult(resource_templates=templates)

    async def read_resource(self, context: Any, params: Any) -> Any:
        """What is at an address."""
        from mcp.types import ReadResourceResult, TextResourceContents

        address = str(params.uri)
        content = await self._read(context, lambda layers: self._resources.read(layers, address))
        contents = TextResourceContents(uri=address, mime_type=content.media_type, text=content.text)
        return ReadResourceResult(contents=[contents])

    async def _read(self, context: Any, read: Callable[[Layers], Awaitable[Any]]) -> Any:
        from mcp import MCPError
        from mcp.types import INVALID_PARAMS

        try:
            with self._admit(context.request, "read"):
                return await read(await self._layers())
        except Exception as error:
            told = translate(error)
            raise MCPError(INVALID_PARAMS, str(told), told.problem()) from None


def _described(tool: Tool) -> Any:
    from mcp.types import Tool as Description
    from mcp.types import ToolAnnotations

    reads = tool.scope == "read"
    hints = ToolAnnotations(
        read_only_hint=reads,
        destructive_hint=tool.destructive,
        idempotent_hint=reads or tool.idempotent,
        open_world_hint=False,
    )
    return Description(
        name=tool.name, description=tool.description, input_schema=tool.schema, annotations=hints
    )


def _answer(value: Any) -> Any:
    from mcp.types import CallToolResult, TextContent

    text = jsonio.encode(value).decode()
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=json.loads(text, parse_float=_near)
    )


def _failure(error: PlatformError) -> Any:
    from mcp.types import CallToolResult, TextContent

    return CallToolResult(
        content=[TextContent(type="text", text=str(error))],
        structured_content=error.problem(),
        is_error=True,
    )


def _near(number: str) -> float | str:
    """A number as the library can send it: the text beside has it exactly, however long it is."""
    near = float(number)
    return near if math.isfinite(near) else number
