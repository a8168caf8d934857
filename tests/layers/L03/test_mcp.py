"""Tools of MCP servers, over their input and output and over HTTP: only servers that were named are started or asked."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.operation import Call
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.errors import DefinitionError, UnreachableToolError
from agentic.layers.L03_tool_execution.models import DELETE_MCP, LIST_MCP, REFRESH_MCP, SET_MCP
from tests.kit.http import served
from tests.layers.L03 import mcp_server
from tests.layers.L03.conftest import eventually, tool_layer
from tests.layers.L03.runs import an_agent
from tests.layers.L03.servers import judging

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "tests.layers.L03.mcp_server"]
PATHS = os.pathsep.join([str(ROOT), *filter(None, sys.path)])


async def named(l03: L03Client, name: str = "tests", **server: Any) -> Any:
    """What a server offers, after it was made known."""
    await l03.backend.call(SET_MCP, Call({"name": name}, body=server))
    return await l03.backend.call(REFRESH_MCP, Call({"name": name}))


def over_pipes(**more: Any) -> dict[str, Any]:
    return {"command": COMMAND, "environment": {"PYTHONPATH": PATHS}, **more}


@asynccontextmanager
async def over_http() -> AsyncGenerator[str]:
    app = mcp_server.app()
    async with app.router.lifespan_context(app), served(app) as url:
        yield f"{url}/mcp"


def children() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and "tests.layers.L03.mcp_server" in child.cmdline()
    ]


async def test_a_server_that_is_a_command(l03: L03Client, l01_local: L01Client) -> None:
    told = await named(l03, **over_pipes())
    assert {tool["name"] for tool in told["items"]} == {
        f"tests_{name}" for name in ("add", "say", "secret", "fails", "dies", "hangs")
    }
    assert told["skipped"] == {}
    agent = await an_agent(l01_local, "tests_*")
    assert (await l03.execute("tests_add", {"a": 1, "b": 2}, agent_id=agent)).output == {"result": 3}
    wrong = await l03.execute("tests_add", {"a": "one", "b": 2}, agent_id=agent)
    assert wrong.status == "invalid"
    failed = await l03.execute("tests_fails", {}, agent_id=agent)
    assert failed.status == "error" and failed.error and "fails" in failed.error["detail"]
    outcomes = await asyncio.gather(
        *(l03.execute("tests_say", {"text": str(n)}, agent_id=agent) for n in range(5))
    )
    assert [outcome.status for outcome in outcomes] == ["success"] * 5
    assert len({str(outcome.output).rpartition(" ")[2] for outcome in outcomes}) == 1, (
        "one process serves them"
    )
    assert len(children()) == 1


async def test_what_a_server_says_of_its_tools_is_their_rule(l03: L03Client) -> None:
    told = await named(l03, **over_pipes(), permissions={"approval": True})
    rules = {tool["name"]: tool["schema_def"]["x-execution"]["idempotent"] for tool in told["items"]}
    assert (rules["tests_add"], rules["tests_say"]) == (True, False)
    assert (await l03.execute("tests_say", {"text": "x"})).status == "waiting_approval"


async def test_a_server_sees_its_own_secrets_and_nobody_sees_them_in_results(
    l03: L03Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_SECRET_TOKEN", "hush-0123")
    monkeypatch.setenv("DATABASE_URL", "postgresql://of-the-platform")
    server = over_pipes()
    server["environment"]["TOKEN"] = {"secret": "TOKEN"}
    await named(l03, **server)
    for _ in range(2):
        told = await l03.execute("tests_secret", {})
        assert told.output == {"result": "it is [secret TOKEN] and None"}
    listed = await l03.backend.call(LIST_MCP, Call())
    assert "hush" not in str(listed) and listed["items"][0]["server"]["environment"]["TOKEN"] == {
        "secret": "TOKEN"
    }


async def test_a_server_that_dies_is_started_again(l03: L03Client) -> None:
    await named(l03, **over_pipes())
    dead = await l03.execute("tests_dies", {})
    assert (dead.status, dead.error and dead.error["code"]) == ("error", "E3013")
    async with asyncio.timeout(30):
        while (outcome := await l03.execute("tests_add", {"a": 1, "b": 2})).status != "success":
            await asyncio.sleep(0.05)
    assert outcome.output == {"result": 3}


async def test_a_server_that_hangs_is_not_waited_for(l03: L03Client, l01_local: L01Client) -> None:
    await named(l03, **over_pipes())
    (tool,) = (await l01_local.tools.list(name="tests_hangs"))["items"]
    await l01_local.tools.update(tool["id"], {"permissions": {"timeout": 0.3}})
    async with asyncio.timeout(20):
        while (
            outcome := await l03.execute("tests_hangs", {}, call_id=os.urandom(4).hex())
        ).status != "timeout":
            await asyncio.sleep(0.05)
    assert (await l03.execute("tests_add", {"a": 1, "b": 2})).output == {"result": 3}
    assert outcome.error and outcome.error["code"] == "E3007"


async def test_a_server_behind_http(l03: L03Client) -> None:
    async with over_http() as url:
        told = await named(l03, "web", url=url, prefix="")
        assert "add" in {tool["name"] for tool in told["items"]}
        assert (await l03.execute("add", {"a": 1, "b": 2})).output == {"result": 3}
        assert (await l03.execute("fails", {})).status == "error"


async def test_a_private_endpoint_is_not_asked_unless_it_is_allowed(
    l01_local: L01Client, tmp_path: Path
) -> None:
    async with judging() as judge, tool_layer(l01_local, tmp_path, outgoing_allow=[]) as layer:
        with pytest.raises(PlatformError) as caught:
            await named(layer.local_client(), url=f"{judge.url}/mcp")
        assert caught.value.code == "E3014"
        assert judge.asked == []


async def test_servers_are_ended_with_the_layer(l01_local: L01Client, tmp_path: Path) -> None:
    async with tool_layer(l01_local, tmp_path) as layer:
        await named(layer.local_client(), **over_pipes())
        assert len(children()) == 1
    await eventually(lambda: children() == [])


async def test_a_server_that_offers_less_has_its_tools_switched_off(
    l03: L03Client, l01_local: L01Client
) -> None:
    await named(l03, **over_pipes())
    told = await named(l03, **over_pipes(prefix="other_"))
    assert {tool["name"].partition("_")[0] for tool in told["items"]} == {"other"}
    off = {tool["name"] for tool in (await l01_local.tools.list(enabled=False))["items"]}
    assert off == {f"tests_{name}" for name in ("add", "say", "secret", "fails", "dies", "hangs")}


@pytest.mark.parametrize(
    "server",
    [
        {},
        {"command": ["x"], "url": "http://x/"},
        {"url": "file:///x"},
        {"command": []},
        {"url": "http://x/", "timeout": 0},
    ],
)
async def test_what_is_no_server_is_refused(l03: L03Client, server: dict[str, Any]) -> None:
    with pytest.raises(PlatformError) as caught:
        await named(l03, **server)
    assert caught.value.status == 422


async def test_only_named_servers_are_known(l03: L03Client) -> None:
    assert await l03.backend.call(LIST_MCP, Call()) == {"items": []}
    with pytest.raises(NotFoundError):
        await l03.backend.call(REFRESH_MCP, Call({"name": "unknown"}))
    with pytest.raises(DefinitionError):
        await named(l03, "a server", command=["x"])
    with pytest.raises(UnreachableToolError):
        await named(l03, "gone", command=["/no/such/program"])
    await l03.backend.call(DELETE_MCP, Call({"name": "gone"}))
    assert children() == []
