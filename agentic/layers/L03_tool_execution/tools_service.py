"""What is done with tools beside calling them: kept, imported, and looked at. Everything is kept by the data layer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.tool import TOOLS, ToolCreate, ToolUpdate
from agentic.layers.L01_data_layer.models.tool import Tool as ToolRecord
from agentic.layers.L03_tool_execution.definition import check, check_body
from agentic.layers.L03_tool_execution.errors import DefinitionError
from agentic.layers.L03_tool_execution.mcp_registry import McpRegistry
from agentic.layers.L03_tool_execution.models import Imported, McpServer, OpenApiImport
from agentic.layers.L03_tool_execution.openapi_tools import Document, Made
from agentic.layers.L03_tool_execution.outgoing import Outgoing
from agentic.layers.L03_tool_execution.registry import Registry

NOTHING = Answer(b"")
_YAML: Final = re.compile(rb"^(openapi|swagger)\s*:", re.MULTILINE)


class Tools:
    """The records of tools, looked at before they are handed to the data layer."""

    def __init__(
        self, client: Callable[[], L01Client], registry: Registry, mcp: McpRegistry, outgoing: Outgoing
    ) -> None:
        self._client = client
        self._registry = registry
        self._mcp = mcp
        self._outgoing = outgoing

    async def create(self, call: Call) -> Answer:
        """A new tool, when its definition is right."""
        wanted = validated(ToolCreate, call.body)
        check(wanted.name, wanted.schema_def, wanted.permissions)
        answer = await self._client().answer(TOOLS.operations["create"], call)
        self._registry.forget()
        return answer

    async def update(self, call: Call) -> Answer:
        """Changes a tool, when its definition is right afterwards; switches it on and off."""
        wanted = validated(ToolUpdate, call.body)
        given = wanted.model_fields_set
        check_body(
            wanted.schema_def if "schema_def" in given else None,
            wanted.permissions if "permissions" in given else None,
        )
        answer = await self._client().answer(TOOLS.operations["update"], call)
        self._registry.forget()
        return answer

    async def import_openapi(self, call: Call) -> Answer:
        """Makes a tool of each operation of an OpenAPI document; those that are there already are brought up to date."""
        wanted = validated(OpenApiImport, call.body)
        document: Any = wanted.document
        if (wanted.document is None) == (wanted.url is None):
            raise InvalidError.of(("document", "either the document or its url"))
        if wanted.url is not None:
            fetched = await self._outgoing.request("GET", wanted.url)
            document = await asyncio.to_thread(_decoded, fetched.body)  # YAML takes long
        if not isinstance(document, Mapping):
            raise DefinitionError("This is no OpenAPI document.")
        found: Mapping[str, Any] = document  # pyright: ignore[reportUnknownVariableType]
        made, skipped = Document(found, wanted.base_url, wanted.url).tools(
            wanted.prefix, wanted.include, wanted.headers
        )
        return await self._imported(made, skipped, "http", wanted.permissions)

    async def refresh_mcp(self, call: Call) -> Answer:
        """Asks an MCP server for its tools, and keeps them; those that it no longer offers are switched off."""
        name = str(call.path["name"])
        made, skipped, server = await self._mcp.offered(name)
        answer = await self._imported(made, skipped, "mcp", server.permissions)
        offered = {each.name for each in made}
        async for record in self._client().tools.all(tool_type="mcp", enabled=True):
            execution = record["schema_def"].get("x-execution", {})
            if execution.get("server") == name and record["name"] not in offered:
                await self._client().tools.update(record["id"], {"enabled": False})
        self._registry.forget()
        return answer

    async def list_mcp(self, call: Call) -> Answer:
        """The MCP servers that are known here."""
        return Answer(jsonio.encode({"items": await self._mcp.list()}))

    async def set_mcp(self, call: Call) -> Answer:
        """Makes an MCP server known, or changes it. Its tools are fetched by `refresh`."""
        record = await self._mcp.set(str(call.path["name"]), validated(McpServer, call.body))
        return Answer(jsonio.encode(record))

    async def delete_mcp(self, call: Call) -> Answer:
        """Makes an MCP server unknown."""
        await self._mcp.delete(str(call.path["name"]))
        return NOTHING

    async def _imported(
        self, made: Iterable[Made], skipped: Mapping[str, str], kind: str, permissions: Mapping[str, Any]
    ) -> Answer:
        await self._registry.complete()  # the names of the platform's own tools are taken
        items: list[ToolRecord] = []
        not_made = dict(skipped)
        for each in made:
            try:
                items.append(await self._kept(each, kind, permissions))
            except DefinitionError as error:
                not_made[each.name] = error.detail
        self._registry.forget()
        told: Imported = {"items": items, "skipped": not_made}
        return Answer(jsonio.encode(told))

    async def _kept(self, made: Made, kind: str, permissions: Mapping[str, Any]) -> ToolRecord:
        tools = self._client().tools
        there = (await tools.list(name=made.name, limit=1))["items"]
        fields: dict[str, Any] = {"description": made.description, "schema_def": made.schema_def}
        if not there:
            return await tools.create(name=made.name, tool_type=kind, permissions=dict(permissions), **fields)
        if there[0]["tool_type"] != kind:
            raise DefinitionError(f"there is another tool of this name, of the type {there[0]['tool_type']}")
        return await tools.update(there[0]["id"], fields)


def _decoded(text: bytes) -> Any:
    """An OpenAPI document that was written down, as JSON or as YAML.

    Raises:
        DefinitionError: it is neither.
    """
    try:
        return jsonio.decode(text)
    except InvalidError as error:
        if not _YAML.search(text):
            raise DefinitionError(f"This is no OpenAPI document: {error.detail}") from error
    # Its library is loaded when it is needed.
    from agentic.layers.L03_tool_execution.yaml_text import read_yaml

    return read_yaml(text)
