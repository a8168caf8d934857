"""What a page of another site can make a browser do, and what everybody else may do as before."""

from __future__ import annotations

from typing import Any

import pytest

from agentic.layers.base import jsonio
from agentic.layers.base.browser_guard import BrowserGuard

pytestmark = pytest.mark.anyio

HERE = "localhost:8000"


class Platform:
    """An app that remembers whether it was reached."""

    def __init__(self) -> None:
        self.reached = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.reached = True


async def ask(
    method: str = "GET", *, kind: str = "http", guard: dict[str, Any] | None = None, **headers: str
) -> tuple[bool, list[dict[str, Any]]]:
    """Whether the request got through, and what was sent back by the guard itself."""
    platform = Platform()
    sent: list[dict[str, Any]] = []
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": kind, "method": method, "path": "/agents", "headers": fields}
    await BrowserGuard(platform, **(guard or {}))(scope, receive, send)
    return platform.reached, sent


@pytest.mark.parametrize(
    "host",
    [HERE, "LOCALHOST", "localhost.:8000", "app.localhost:8000", "127.0.0.1:8002", "127.1.2.3", "[::1]:8000"],
)
async def test_loopback_names_are_ours(host: str) -> None:
    assert (await ask(host=host))[0]


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", ""],
)
async def test_a_rebound_name_is_refused_even_for_reading(host: str) -> None:
    reached, sent = await ask(host=host)
    assert not reached
    assert sent[0]["status"] == 421
    assert jsonio.decode(sent[1]["body"])["code"] == "E1032"


async def test_a_request_without_a_host_is_refused() -> None:
    assert not (await ask())[0]


async def test_allowed_names_are_ours_too() -> None:
    guard = {"hosts": ["platform.example"]}
    assert (await ask(host="Platform.Example:443", guard=guard))[0]
    assert not (await ask(host="other.example", guard=guard))[0]


async def test_a_public_platform_answers_to_any_name_unless_told_its_own() -> None:
    assert (await ask(host="whatever.example", guard={"public": True}))[0]
    told = {"public": True, "hosts": ["platform.example"]}
    assert not (await ask(host="whatever.example", guard=told))[0]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_page_of_another_site_cannot_write(method: str) -> None:
    for foreign in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"sec_fetch_site": "cross-site", "origin": "https://evil.example"},
        {"sec_fetch_site": "same-site", "origin": "http://localhost:3000"},
        {"sec_fetch_site": "cross-site"},
    ):
        reached, sent = await ask(method, host=HERE, **foreign)
        assert not reached, foreign
        assert sent[0]["status"] == 403
        assert jsonio.decode(sent[1]["body"])["code"] == "E1033"
        assert dict(sent[0]["headers"])[b"x-request-id"]


async def test_our_own_pages_and_programs_can_write() -> None:
    assert (await ask("POST", host=HERE))[0]
    assert (await ask("POST", host=HERE, origin=f"http://{HERE}"))[0]
    assert (await ask("POST", host=HERE, origin=f"http://{HERE}", sec_fetch_site="same-origin"))[0]
    assert (await ask("POST", host=HERE, sec_fetch_site="none"))[0]


async def test_a_page_of_another_site_can_link_to_us() -> None:
    assert (await ask(host=HERE, origin="https://evil.example", sec_fetch_site="cross-site"))[0]


async def test_an_allowed_site_can_write() -> None:
    guard = {"hosts": ["platform.example"]}
    origin = "https://platform.example"
    assert (await ask("POST", host=HERE, origin=origin, sec_fetch_site="cross-site", guard=guard))[0]


async def test_a_public_platform_is_guarded_against_cross_site_writes_as_well() -> None:
    guard = {"public": True}
    assert not (await ask("POST", host="p.example", origin="https://evil.example", guard=guard))[0]
    assert (await ask("POST", host="p.example", origin="https://p.example", guard=guard))[0]


async def test_a_foreign_page_cannot_open_a_socket() -> None:
    reached, sent = await ask(kind="websocket", host=HERE, origin="https://evil.example")
    assert not reached
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "Cross-site request"}]
    assert (await ask(kind="websocket", host=HERE, origin=f"http://{HERE}"))[0]


async def test_the_start_and_stop_of_the_app_are_not_requests() -> None:
    assert (await ask(kind="lifespan"))[0]
