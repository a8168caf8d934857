"""Clients of the Model Context Protocol, and the platform that they are connected to."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from agentic.layers.base.browser_guard import BrowserGuard
from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L11_integration.layer import Integration
from tests.kit.http import served
from tests.layers.L11.conftest import EAGER


@asynccontextmanager
async def protocol_served(l01: L01Client, *others: object, public: bool = False) -> AsyncGenerator[str]:
    """The address of `/mcp`, with the guard that stands before every app."""
    context = Context(public=public)
    for client in (l01, *others):
        context.give(client)
    layer = Integration(context, EAGER)
    async with layer.running(), served(BrowserGuard(layer.app())) as url:
        yield f"{url}/mcp"


@asynccontextmanager
async def connected(url: str, key: str | None = None, **options: Any) -> AsyncGenerator[Client]:
    """A client of the official library."""
    headers = {"X-API-Key": key} if key else {}
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False) as http,
        Client(streamable_http_client(url, http_client=http), **options) as client,
    ):
        yield client


async def told(client: Client, tool: str, **arguments: Any) -> Any:
    """What a tool answers."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """The code with which a tool refuses, which its text begins with too."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result.structured_content
    code: str = result.structured_content["code"]
    assert result.content[0].text.startswith(f"{code}: ")
    return code
