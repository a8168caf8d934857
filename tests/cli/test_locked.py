"""Beyond this machine nothing but the gateway's API answers without a key or a login."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from agentic.layers.base.ids import now
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L09_api_gateway.keys import TEST_KEY, create_key, revoke_key
from agentic.platform import locked
from agentic.platform.locked import Lock, Locked, NoKeyError
from tests.kit.http import served

pytestmark = pytest.mark.anyio


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.url.path)


async def greet(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


APP = Starlette(routes=[WebSocketRoute("/ws", greet), Route("/{path:path}", answer, methods=["GET", "POST"])])


@pytest.fixture
async def url(l01_local: L01Client) -> AsyncGenerator[str]:
    async with served(Locked(APP, Lock(l01_local), ("/api/", "/mcp/"))) as url:
        yield url


@pytest.fixture
async def browser(url: str) -> AsyncGenerator[httpx2.AsyncClient]:
    headers = {"accept": "text/html,*/*"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False) as client:
        yield client


async def a_key(l01: L01Client, *scopes: str) -> str:
    return (await create_key(l01, "somebody", scopes or ("admin",))).key


async def test_programs_show_a_key_that_may_do_everything(url: str, l01_local: L01Client) -> None:
    admin, reader = await a_key(l01_local), await a_key(l01_local, "read", "write")
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as client:

        async def status(**headers: str) -> int:
            return (await client.get("/l01/agents", headers=headers)).status_code

        assert await status() == 401
        assert await status(**{"x-api-key": TEST_KEY}) == 401
        assert await status(**{"x-api-key": f"agk_{'x' * 43}"}) == 401
        assert await status(**{"x-api-key": reader}) == 403
        assert await status(**{"x-api-key": admin}) == 200
        assert await status(authorization=f"Bearer {admin}") == 200
        refused = await client.post("/anything")
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "E9001"


async def test_health_and_the_gateway_have_no_second_lock(url: str) -> None:
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/api/v1/agents")).status_code == 200
        assert (await client.get("/mcp")).status_code == 200
        assert (await client.get("/l11/health/ready")).status_code == 200
        for path in (
            "/apiary",
            "/mcpx",
            "/l11/mcp",
            "/health",
            "/l01/config/health/ready",
            "/l01//health/ready",
        ):
            assert (await client.get(path)).status_code == 401


async def test_a_person_logs_in_and_goes_on_where_they_were(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    sent_away = await browser.get("/agents?status=active&sort=a b")
    assert sent_away.status_code == 303
    page = await browser.get(sent_away.headers["location"])
    assert page.status_code == 200 and "<form" in page.text

    wrong = await browser.post("/login?next=/agents", data={"key": "<b>wrong</b>"})
    assert wrong.status_code == 401 and 'role="alert"' in wrong.text and "<b>" not in wrong.text
    assert (await browser.get("/agents")).status_code == 303

    right = await browser.post(sent_away.headers["location"], data={"key": f" {await a_key(l01_local)} "})
    assert right.status_code == 303
    assert parse_qs(urlsplit(right.headers["location"]).query) == {"status": ["active"], "sort": ["a b"]}
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert (await browser.get("/agents")).text == "/agents"


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example", "%2F%2Fevil.example"]
)
async def test_a_login_leads_to_no_other_site(
    browser: httpx2.AsyncClient, l01_local: L01Client, target: str
) -> None:
    done = await browser.post(f"/login?next={target}", data={"key": await a_key(l01_local)})
    assert done.headers["location"] == "/"


async def test_revoked_and_expired_keys_end_sessions_too(
    browser: httpx2.AsyncClient, l01_local: L01Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locked, "MEMORY", 0.0)
    key = await a_key(l01_local)
    await browser.post("/login", data={"key": key})
    assert (await browser.get("/")).status_code == 200
    await revoke_key(l01_local, "somebody")
    assert (await browser.get("/")).status_code == 303
    assert (await browser.get("/", headers={"x-api-key": key, "accept": "*/*"})).json()["code"] == "E9004"


async def test_sockets_are_locked_too(url: str, browser: httpx2.AsyncClient, l01_local: L01Client) -> None:
    address = f"{url.replace('http', 'ws')}/ws"
    with pytest.raises(InvalidStatus, match="403"):
        async with connect(address, proxy=None):
            pass
    await browser.post("/login", data={"key": await a_key(l01_local)})
    cookie = f"{locked.COOKIE}={browser.cookies[locked.COOKIE]}"
    async with connect(address, proxy=None, additional_headers={"cookie": cookie}) as socket:
        assert await socket.recv() == "hello"


async def test_a_large_form_is_not_read(browser: httpx2.AsyncClient) -> None:
    assert (await browser.post("/login", data={"key": "x" * 10_000})).status_code == 413


async def test_without_a_good_admin_key_nobody_could_enter(l01_local: L01Client) -> None:
    lock = Lock(l01_local)
    with pytest.raises(NoKeyError, match="platform keys create"):
        await lock.require_a_key()
    await create_key(l01_local, "reader", ("read", "write"))
    await create_key(l01_local, "gone", ("admin",))
    await revoke_key(l01_local, "gone")
    with pytest.raises(NoKeyError):
        await lock.require_a_key()
    await create_key(l01_local, "for a day", ("admin",), now() + timedelta(days=1))
    await lock.require_a_key()
