"""What a context orchestrator and a document consolidator do, by the official client over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from mcp import Client, MCPError

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L11_integration.mcp.server import ALL_TOOLS, RECORD_TOOLS
from tests.layers.L11.protocol import connected, protocol_served, refused, told

pytestmark = pytest.mark.anyio
NOBODY = "01890000-0000-7000-8000-000000000000"


@pytest.fixture
async def client(l01_local: L01Client) -> AsyncGenerator[Client]:
    async with protocol_served(l01_local) as url, connected(url) as client:
        yield client


def test_every_tool_says_what_it_does_and_what_it_takes() -> None:
    assert len({tool.name for tool in ALL_TOOLS}) == len(ALL_TOOLS)
    for tool in ALL_TOOLS:
        assert len(tool.description) > 10
        assert tool.schema["additionalProperties"] is False
        undescribed = [
            name for name, field in tool.schema["properties"].items() if not field.get("description")
        ]
        assert not undescribed, (tool.name, undescribed)
        assert set(tool.schema.get("required", ())) <= set(tool.schema["properties"])


async def test_tools_are_listed_with_schemas_and_hints(client: Client) -> None:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert list(tools) == [tool.name for tool in ALL_TOOLS]
    assert {tool.name for tool in RECORD_TOOLS} < set(tools)
    heartbeat, listing = tools["session_heartbeat"], tools["session_list"]
    assert heartbeat.input_schema["required"] == ["session_id"]
    assert heartbeat.annotations and not heartbeat.annotations.read_only_hint
    assert listing.annotations and listing.annotations.read_only_hint
    assert listing.input_schema["properties"]["limit"]["maximum"] == 1000
    assert "default" not in tools["checkpoint_keep"].input_schema["properties"]["context"]


async def test_a_session_lives_is_kept_and_is_taken_over_once(client: Client, l01_local: L01Client) -> None:
    session = await told(client, "session_start", session_type="review", context={"file": "a.py"})
    beat = await told(client, "session_heartbeat", session_id=session["id"])
    assert beat["status"] == "active"
    await told(client, "checkpoint_keep", session_id=session["id"], name="half way")
    await told(client, "session_update", session_id=session["id"], context={"file": "broken"})
    assert await refused(client, "checkpoint_keep", session_id=session["id"], name="half way") == "E1003"
    assert await refused(client, "session_recover", session_id=session["id"]) == "E1020"

    async with asyncio.timeout(20):
        while not (silent := (await told(client, "session_list_silent", seconds=1))["items"]):
            await asyncio.sleep(0.05)
    assert [each["id"] for each in silent] == [session["id"]]
    wanted = {"session_id": session["id"], "silent_seconds": 1}
    tries = await asyncio.gather(*(client.call_tool("session_recover", wanted) for _ in range(4)))
    (taken,) = [each.structured_content for each in tries if not each.is_error]
    assert {each.structured_content["code"] for each in tries if each.is_error} <= {"E1005", "E1020"}
    assert taken["restored_from"] == "half way"
    assert taken["session"]["context"] == {"file": "a.py"}
    assert taken["session"]["heartbeat_at"] > beat["heartbeat_at"]
    assert (await l01_local.sessions.get(session["id"]))["version"] == 3

    await told(client, "session_update", session_id=session["id"], status="completed")
    assert await refused(client, "session_heartbeat", session_id=session["id"]) == "E1020"
    assert await refused(client, "session_recover", session_id=session["id"], silent_seconds=0) == "E1020"


async def test_a_session_without_a_checkpoint_is_taken_over_as_it_is(client: Client) -> None:
    session = await told(client, "session_start", context={"n": 1})
    recovered = await told(client, "session_recover", session_id=session["id"], silent_seconds=0)
    assert (recovered["restored_from"], recovered["session"]["context"]) == (None, {"n": 1})
    assert recovered["session"]["version"] == 2


async def test_a_content_is_kept_once_and_the_truth_is_found(client: Client) -> None:
    content = "The whale is a mammal."
    first = await told(client, "document_add", title="Whales", content=content, authority=60)
    digest = hashlib.sha256(content.encode()).hexdigest()
    assert (first["added"], first["document"]["content_hash"]) == (True, digest)
    again = await told(client, "document_add", title="Whales, again", content=content)
    assert (again["added"], again["document"]["id"]) == (False, first["document"]["id"])
    copy = await told(client, "document_add", title="A copy", content=content, duplicate=True)
    assert copy["added"]

    newer = await told(
        client, "document_add", title="Whales 2", content="All whales are mammals.", authority=90
    )
    old, new = first["document"]["id"], newer["document"]["id"]
    replaced = await told(client, "document_supersede", document_id=old, by=new)
    assert replaced["superseded_by"] == new
    assert await refused(client, "document_supersede", document_id=new, by=old) == "E1020"
    assert await refused(client, "document_supersede", document_id=new, by=new) == "E1001"
    assert await refused(client, "document_supersede", document_id=new, by=NOBODY) == "E1002"

    found = await told(client, "document_search", q="whale mammal", superseded=False, min_authority=50)
    assert [hit["id"] for hit in found["items"]] == [new]
    listed = await told(client, "document_list", content_hash=digest)
    assert [(each["title"], each["content_hash"]) for each in listed["items"]] == [
        ("A copy", digest),
        ("Whales", digest),
    ]
    assert all("content" not in each for each in listed["items"])
    assert (await told(client, "document_get", document_id=old))["content"] == content
    versions = await told(client, "document_history", document_id=old)
    assert [version["version"] for version in versions["items"]] == [2, 1]


async def test_the_log_is_read_after_a_bookmark(client: Client, l01_local: L01Client) -> None:
    assert await refused(client, "cursor_get", name="notes") == "E1002"
    for number in range(3):
        payload = {"number": number}
        await told(
            client,
            "event_append",
            event_type="note.taken",
            aggregate_type="note",
            aggregate_id=NOBODY,
            payload=payload,
        )
    async with asyncio.timeout(20):
        while await l01_local.events.head() < 3:
            await asyncio.sleep(0.005)
    await told(client, "cursor_set", name="notes", position=1)
    at = (await told(client, "cursor_get", name="notes"))["position"]
    page = await told(client, "event_list", after=at, event_type="note.*")
    assert [event["payload"]["number"] for event in page["items"]] == [1, 2]


async def test_records_are_resources(client: Client) -> None:
    added = await told(client, "document_add", title="Readme", content="# Hi", content_type="text/markdown")
    address = f"platform://documents/{added['document']['id']}"
    listed = (await client.list_resources()).resources
    assert [(str(each.uri), each.name, each.mime_type) for each in listed] == [
        (address, "Readme", "text/markdown")
    ]
    (content,) = (await client.read_resource(address)).contents
    assert (content.mime_type, content.text) == ("text/markdown", "# Hi")  # type: ignore[union-attr]
    templates = (await client.list_resource_templates()).resource_templates
    assert [each.uri_template for each in templates] == [
        "platform://documents/{id}",
        "platform://sessions/{id}",
        "platform://runs/{id}",
    ]
    session = await told(client, "session_start", context={"n": 1})
    (content,) = (await client.read_resource(f"platform://sessions/{session['id']}")).contents
    assert '"context":{"n":1}' in content.text  # type: ignore[union-attr]
    for nowhere in (f"platform://documents/{NOBODY}", "platform://secrets/1", "platform://documents/../x"):
        with pytest.raises(MCPError, match=r"E100\d: "):
            await client.read_resource(nowhere)


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("session_get", {}, "E1001"),
        ("session_get", {"session_id": "x"}, "E1001"),
        ("session_get", {"session_id": NOBODY}, "E1002"),
        ("session_get", {"session_id": NOBODY, "sesion": 1}, "E1001"),
        ("session_start", {"context": []}, "E1001"),
        ("session_start", {"context": {"a": "\x00"}}, "E1001"),
        ("session_update", {"session_id": NOBODY}, "E1001"),
        ("session_update", {"session_id": NOBODY, "status": "active", "expected_version": "1"}, "E1001"),
        ("session_list", {"limit": 1001}, "E1001"),
        ("session_list", {"status": 1}, "E1001"),
        ("document_add", {"title": "", "content": "x"}, "E1001"),
        ("document_add", {"title": "x", "authority": 101}, "E1001"),
        ("document_update", {"document_id": NOBODY, "superseded_by": NOBODY}, "E1001"),
        ("document_search", {"q": " "}, "E1001"),
        ("event_append", {"event_type": "x"}, "E1001"),
        ("cursor_get", {"name": "../x"}, "E1001"),
        ("run_watch", {"run_id": NOBODY, "wait": 26}, "E1001"),
    ],
)
async def test_bad_arguments_are_refused_with_a_code_and_change_nothing(
    client: Client, l01_local: L01Client, tool: str, arguments: dict[str, Any], code: str
) -> None:
    assert await refused(client, tool, **arguments) == code
    assert await l01_local.events.list() == {"items": [], "next_cursor": None}


async def test_a_tool_that_is_not_there_is_an_error_of_the_protocol(client: Client) -> None:
    with pytest.raises(MCPError, match="no tool 'session_steal'"):
        await client.call_tool("session_steal", {})
