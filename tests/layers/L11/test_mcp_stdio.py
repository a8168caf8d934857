"""`platform mcp`, started by the official client as any other server is."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L11_integration.mcp.server import RECORD_TOOLS
from agentic.platform.front_door import FrontDoor
from tests.kit.commands import plain_environment
from tests.kit.http import served
from tests.kit.process import free_port
from tests.layers.L11.protocol import refused, told

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[3]


async def test_a_client_that_starts_it_may_come_before_the_platform(
    data_layer: DataLayer, l01_local: L01Client, tmp_path: Path
) -> None:
    port = free_port()
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "agentic", "mcp", "--url", f"http://127.0.0.1:{port}"],
        cwd=ROOT,
        env=plain_environment() | {"PLATFORM_LOG_LEVEL": "debug"},
    )
    log = tmp_path / "errors"
    door = FrontDoor(dict.fromkeys(("L01", "L02", "L04", "L09", "L10", "L11"), data_layer.app()))
    with log.open("w") as errors:
        async with asyncio.timeout(60), Client(stdio_client(command, errlog=errors)) as client:
            assert client.protocol_version == "2026-07-28"
            assert [tool.name for tool in (await client.list_tools()).tools] == [t.name for t in RECORD_TOOLS]
            assert await refused(client, "session_list") == "E1090"

            async with served(door, port):
                session = await told(client, "session_start", context={"line": "one\ntwo, ü"})
                assert (await l01_local.sessions.get(session["id"]))["context"] == {"line": "one\ntwo, ü"}
                assert await refused(client, "session_get", session_id="x") == "E1001"
                added = await told(client, "document_add", title="A", content="words")
                address = f"platform://documents/{added['document']['id']}"
                (content,) = (await client.read_resource(address)).contents
                assert content.text == "words"  # type: ignore[union-attr]
                (event,) = (await l01_local.events.list(aggregate_id=session["id"]))["items"]
                assert event["metadata"]["actor"] == "mcp"
    assert "serves the Model Context Protocol" in log.read_text()
