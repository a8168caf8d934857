"""The layer over HTTP: the same client, calls that take longer than a request, and the document of the API."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agentic.layers.base.common_errors import FencedError, NotFoundError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L03_tool_execution import call_service
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.layer import ToolExecution
from tests.kit.http import served
from tests.layers.L03.runs import a_run, an_agent, counting

pytestmark = pytest.mark.anyio


@pytest.fixture
async def url(layer: ToolExecution) -> AsyncGenerator[str]:
    """The address of the layer's API on a real port."""
    async with served(layer.app()) as address:
        yield address


@pytest.fixture(params=["local", "http"])
async def client(request: pytest.FixtureRequest, layer: ToolExecution) -> AsyncGenerator[L03Client]:
    """A client, once over each backend."""
    if request.param == "local":
        yield layer.local_client()
    else:
        async with served(layer.app()) as address:
            yield L03Client(address)


async def test_both_backends_answer_alike(
    client: L03Client, layer: ToolExecution, l01_local: L01Client
) -> None:
    counting(layer)
    agent = await an_agent(l01_local, "count")
    run = await a_run(l01_local, agent)
    assert [tool["name"] for tool in await client.catalogue({"tools": ["count"]})] == ["count"]
    outcome = await client.execute("count", {"n": 1}, agent_id=agent, run=run, call_id="c")
    assert (outcome.status, outcome.output) == ("success", 1)
    assert await client.execute("count", {"n": 1}, agent_id=agent, run=run) == outcome
    wrong = await client.execute("count", {"n": "x"}, agent_id=agent, run=run)
    assert wrong.error and wrong.error["errors"][0]["field"] == "n"
    with pytest.raises(FencedError):
        await client.execute("count", {"n": 2}, agent_id=agent, run=run._replace(token=99))
    with pytest.raises(NotFoundError):
        await client.execute("count", {}, agent_id="01890000-0000-7000-8000-000000000000")
    workings = await client.workings()
    assert (workings["running"], workings["stuck_threads"], workings["sandbox"]) == (0, 0, "monty")


async def test_a_call_that_takes_longer_than_a_request_goes_on(
    layer: ToolExecution, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_service, "PATIENCE", 0.05)
    calls: list[int] = []
    release = asyncio.Event()

    async def long() -> str:
        """Takes long."""
        calls.append(1)
        await release.wait()
        return "done"

    layer.registry.add(long)
    async with httpx2.AsyncClient(base_url=url) as http:
        body = {"name": "long", "call_id": "mine"}
        assert (await http.post("/execute", json=body)).json()["status"] == "running"
        waiting = asyncio.ensure_future(L03Client(url).execute("long", None, call_id="mine"))
        await asyncio.sleep(0.2)
        release.set()
        assert (await waiting).output == "done"
        assert (await http.post("/execute", json=body)).json()["output"] == "done"
    assert calls == [1]


async def test_who_cancels_over_http_ends_the_tool(
    layer: ToolExecution, url: str, l01_local: L01Client
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def long() -> None:
        """Takes long."""
        begun.set()
        try:
            await asyncio.sleep(100)
        finally:
            ended.set()

    layer.registry.add(long)
    task = asyncio.ensure_future(L03Client(url).execute("long", {}))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    (execution,) = (await l01_local.tool_executions.list())["items"]
    assert execution["status"] == "cancelled"


async def test_what_is_kept_is_seen_and_decided_here(
    url: str, layer: ToolExecution, l01_local: L01Client
) -> None:
    counting(layer, approval=True)
    async with httpx2.AsyncClient(base_url=url) as http:

        async def get(path: str) -> Any:
            response = await http.get(path)
            assert response.status_code == 200, response.text
            return response.json()

        agent = await an_agent(l01_local, "count")
        call = {"name": "count", "arguments": {"n": 1}, "agent_id": agent}
        waiting = (await http.post("/execute", json=call)).json()
        assert waiting["status"] == "waiting_approval"
        approval = waiting["approval_id"]
        assert [each["id"] for each in (await get("/approvals?status=pending"))["items"]] == [approval]
        decided = await http.post(f"/approvals/{approval}/decide", json={"decision": "approved", "by": "Ada"})
        assert decided.json()["status"] == "approved"
        done = (await http.post("/execute", json={**call, "approval_id": approval})).json()
        assert (done["status"], done["output"]) == ("success", 1)
        assert [each["id"] for each in (await get("/executions?status=success"))["items"]] == [
            done["execution_id"]
        ]
        assert (await get(f"/executions/{done['execution_id']}"))["output_result"] == 1
        tools = (await get("/tools?name=count"))["items"]
        off = await http.patch(
            f"/tools/{tools[0]['id']}", json={"enabled": False}, headers={"if-match": '"1"'}
        )
        assert (off.status_code, off.headers["etag"]) == (200, '"2"')
        refused = await http.post("/execute", json=call)
        assert (refused.status_code, refused.json()["error"]["code"]) == (200, "E3002")
        settled = await http.post(f"/executions/{done['execution_id']}/resolve", json={"outcome": "success"})
        assert (settled.status_code, settled.json()["code"]) == (409, "E1020")
        wrong = await http.post("/tools", json={"name": "a b", "schema_def": {}})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "E3011")
        assert (await http.post("/execute", json={"arguments": {}})).status_code == 422
        assert (await get("/health/ready"))["status"] == "ok"
        paths = (await get("/openapi.json"))["paths"]
        assert {"/catalogue", "/execute", "/tools/openapi", "/executions/{id}/resolve"} <= set(paths)


async def test_the_layer_says_that_the_data_layer_is_gone(layer: ToolExecution, data_layer: Any) -> None:
    assert (await layer.health())["status"] == "ok"
    await data_layer.database.close()
    assert (await layer.health())["status"] == "down"
    await data_layer.database.open()


def test_starting_the_layer_does_not_load_what_few_need() -> None:
    code = "import sys, agentic.layers.L03_tool_execution.layer; print([n for n in ('mcp', 'pydantic_monty') if n in sys.modules])"
    root = Path(__file__).parents[3]
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert ran.stdout.strip() == "[]", ran.stderr
