"""`/mcp`: which protocol it speaks, who may use it, and what may be done with runs through it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest
from mcp import Client

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L02_agent_runtime.layer import AgentRuntime
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L09_api_gateway.keys import TEST_KEY, create_key, revoke_key
from tests.layers.L02.conftest import EAGER, Models, Tools
from tests.layers.L11.protocol import connected, protocol_served, refused, told

pytestmark = pytest.mark.anyio
VERSION = "2026-07-28"
CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {
        "name": "session_list",
        "arguments": {},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": VERSION,
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    },
}
HEADERS = {
    "accept": "application/json, text/event-stream",
    "mcp-protocol-version": VERSION,
    "mcp-method": "tools/call",
    "mcp-name": "session_list",
}


@pytest.fixture
def models(l01_local: L01Client) -> Models:
    return Models(l01_local)


@pytest.fixture
async def l02(l01_local: L01Client, models: Models) -> AsyncGenerator[L02Client]:
    context = Context()
    context.give(l01_local)
    context._clients[L03Client] = Tools()  # pyright: ignore[reportPrivateUsage]
    context._clients[L04Client] = models  # pyright: ignore[reportPrivateUsage]
    runtime = AgentRuntime(context, EAGER)
    async with runtime.running():
        yield runtime.local_client()


async def posted(url: str, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False) as http:
        return await http.post(url, json=CALL, headers={**HEADERS, **headers})


async def test_one_request_is_whole_in_itself(l01_local: L01Client) -> None:
    async with protocol_served(l01_local) as url:
        answer = await posted(url)
        assert answer.status_code == 200, answer.text
        assert answer.json()["result"]["structuredContent"] == {"items": [], "next_cursor": None}
        assert "mcp-session-id" not in answer.headers
        assert answer.headers["x-request-id"]
        async with connected(url) as client:
            assert client.protocol_version == VERSION
        async with connected(url, mode="legacy") as older:
            assert older.protocol_version < VERSION
            assert await told(older, "session_list") == {"items": [], "next_cursor": None}


async def test_pages_of_others_cannot_use_it(l01_local: L01Client) -> None:
    async with protocol_served(l01_local) as url:
        assert (await posted(url, host="evil.example")).status_code == 421
        assert (await posted(url, origin="http://evil.example")).status_code == 403
        assert (await posted(url, origin=url.removesuffix("/mcp"))).status_code == 200


async def test_beyond_loopback_it_asks_for_keys_and_what_they_may_do(l01_local: L01Client) -> None:
    reader = await create_key(l01_local, "reader", ("read",))
    writer = await create_key(l01_local, "writer", ("read", "write"))
    async with protocol_served(l01_local, public=True) as url:
        for headers in ({}, {"x-api-key": "agk_wrong"}, {"x-api-key": TEST_KEY}):
            answer = await posted(url, **headers)
            assert answer.status_code == 401 and answer.json()["code"].startswith("E1")
            assert "www-authenticate" in answer.headers
        for mode in ("auto", "legacy"):
            async with connected(url, reader.key, mode=mode) as client:
                assert (await told(client, "session_list"))["items"] == []
                assert await refused(client, "session_start") == "E1031"
        async with connected(url, writer.key) as client:
            session = await told(client, "session_start")
            created = (await l01_local.events.list(aggregate_id=session["id"]))["items"]
            assert [event["metadata"]["actor"] for event in created] == ["writer"]
        await revoke_key(l01_local, writer.record["id"])
        async with asyncio.timeout(20):
            while (await posted(url, authorization=f"Bearer {writer.key}")).status_code != 401:
                await asyncio.sleep(0.01)


async def test_on_loopback_it_is_open_but_a_bad_key_is_refused(l01_local: L01Client) -> None:
    async with protocol_served(l01_local) as url:
        assert (await posted(url)).status_code == 200
        assert (await posted(url, **{"x-api-key": "agk_wrong"})).status_code == 401
        assert (await posted(url, **{"x-api-key": TEST_KEY})).status_code == 200


async def an_agent(l02: L02Client, **configuration: Any) -> str:
    return (await l02.spawn("helper", {"model": "small", **configuration}))["id"]


@pytest.fixture
async def client(l01_local: L01Client, l02: L02Client) -> AsyncGenerator[Client]:
    async with protocol_served(l01_local, l02) as url, connected(url) as client:
        yield client


async def test_a_run_is_begun_and_watched_to_its_end(client: Client, l02: L02Client, models: Models) -> None:
    go_on = asyncio.Event()

    async def says(_: Any) -> str:
        await go_on.wait()
        return "Because of Rayleigh."

    models.says = says
    agent = await an_agent(l02)
    run = await told(client, "run_begin", agent_id=agent, input="Why is the sky blue?", idempotency_key="k")
    assert (
        await told(client, "run_begin", agent_id=agent, input="Why is the sky blue?", idempotency_key="k")
    )["id"] == run["id"]
    watching = asyncio.create_task(told(client, "run_watch", run_id=run["id"], wait=25))
    go_on.set()
    seen = await watching
    assert [step["kind"] for step in seen["steps"]] == ["model"]
    last = seen["steps"][-1]["number"]
    while seen["run"]["status"] != "completed":
        seen = await told(client, "run_watch", run_id=run["id"], after=last, wait=25)
        assert seen["steps"] == []
    assert seen["run"]["output"] == "Because of Rayleigh."
    listed = await told(client, "run_list", agent_id=agent, status="completed")
    assert [each["id"] for each in listed["items"]] == [run["id"]]
    (content,) = (await client.read_resource(f"platform://runs/{run['id']}")).contents
    assert "Because of Rayleigh." in content.text  # type: ignore[union-attr]


async def test_a_run_is_cancelled(client: Client, l02: L02Client, models: Models) -> None:
    models.says = lambda _: asyncio.Event().wait()  # type: ignore[assignment,return-value]
    run = await told(client, "run_begin", agent_id=await an_agent(l02), input="Go on for ever.")
    ended = await told(client, "run_cancel", run_id=run["id"], reason="enough")
    assert ended["status"] == "cancelled"
    assert await refused(client, "run_steer", run_id=run["id"], content="Hello?") == "E1020"


async def test_an_approval_is_seen_and_decided_once(client: Client, l01_local: L01Client) -> None:
    asked = await l01_local.approvals.create(title="Send the letter?", request={"to": "ada"})
    pending = await told(client, "approval_list", status="pending")
    assert [(each["id"], each["request"]) for each in pending["items"]] == [(asked["id"], {"to": "ada"})]
    decided = await told(client, "approval_decide", approval_id=asked["id"], decision="approved", by="bob")
    assert (decided["status"], decided["decided_by"]) == ("approved", "bob")
    assert await refused(client, "approval_decide", approval_id=asked["id"], decision="denied") == "E1020"


async def test_goals_and_feedback(client: Client, l01_local: L01Client) -> None:
    goal = await told(client, "goal_create", description="A house", success_criteria=["It stands."])
    changed = await told(client, "goal_update", goal_id=goal["id"], status="active", expected_version=1)
    assert (changed["status"], changed["version"]) == ("active", 2)
    stale = await refused(client, "goal_update", goal_id=goal["id"], priority=1, expected_version=1)
    assert stale == "E1005"
    given = await told(client, "feedback_give", feedback_type="human", rating=4, content="Good.")
    waiting = await told(client, "feedback_list_unprocessed")
    assert [each["id"] for each in waiting["items"]] == [given["id"]]
    await l01_local.feedback.update(given["id"], {"processed": True})
    assert (await told(client, "feedback_list_unprocessed"))["items"] == []
    assert (await told(client, "feedback_list", processed=True))["items"][0]["rating"] == 4
