"""HTTP to the outside: only where it may go, whatever names and redirects say, and only so much of what comes back."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncGenerator, Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from agentic.layers.base import public_addresses
from agentic.layers.base.public_addresses import is_public
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.errors import (
    DownloadTooLargeError,
    ForbiddenAddressError,
    ToolRefusedError,
    UnreachableToolError,
)
from agentic.layers.L03_tool_execution.outgoing import Outgoing
from tests.layers.L03.conftest import tool_layer
from tests.layers.L03.servers import Judge, judging

pytestmark = pytest.mark.anyio

MOST = 100_000


@pytest.fixture
async def judge() -> AsyncGenerator[Judge]:
    """A server of this machine."""
    async with judging() as running:
        yield running


@pytest.fixture
async def allowed() -> AsyncGenerator[Outgoing]:
    """A way out that may reach this machine."""
    outgoing = Outgoing(["127.0.0.1"], MOST)
    yield outgoing
    await outgoing.close()


@pytest.fixture
async def guarded() -> AsyncGenerator[Outgoing]:
    """A way out as it is when nobody allows anything."""
    outgoing = Outgoing([], MOST)
    yield outgoing
    await outgoing.close()


def answers(judge: Judge, path: str, make: Callable[[], Response]) -> None:
    async def answer(request: Request) -> Response:
        return make()

    judge.answers[path] = answer


PRIVATE = [
    *(
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
    ),
    *("255.255.255.255", "192.0.0.1", "198.18.0.1", "240.0.0.1", "203.0.113.1"),
    *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "2001:db8::1"),
    *(
        "::ffff:127.0.0.1",
        "::ffff:a9fe:a9fe",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
    ),
    *("2001:0:4136:e378:8000:63bf:3fff:fdd2",),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_known_as_such(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_a_public_address_is_one(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_changes_nothing(address: Any) -> None:
    wrapped = [f"::ffff:{address}", str(ip_address((0x64FF9B << 96) | int(address)))]
    assert {is_public(ip_address(each)) for each in wrapped} == {is_public(address)}


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "127.1",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "LOCALHOST",
        "localhost.",
    ],
)
async def test_this_machine_is_not_asked_however_it_is_called(
    judge: Judge, guarded: Outgoing, host: str
) -> None:
    port = judge.url.rpartition(":")[2]
    with pytest.raises((ForbiddenAddressError, ToolRefusedError, UnreachableToolError)) as caught:
        await guarded.request("GET", f"http://{host}:{port}/")
    assert isinstance(caught.value, ForbiddenAddressError) or "no address" in str(caught.value)
    assert judge.asked == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x/", "gopher://x/", "http://", "x", "http://a:b@example.com/", ""]
)
async def test_what_is_no_address_of_the_web_is_refused(guarded: Outgoing, url: str) -> None:
    with pytest.raises(ToolRefusedError):
        await guarded.request("GET", url)


async def test_a_redirect_is_looked_at_like_any_other_request(judge: Judge, allowed: Outgoing) -> None:
    for target in ("http://169.254.169.254/latest/meta-data", "http://[::1]:1/", "http://10.0.0.1/"):
        answers(judge, "/away", lambda target=target: RedirectResponse(target))
        with pytest.raises(ForbiddenAddressError):
            await allowed.request("GET", f"{judge.url}/away")
    answers(judge, "/file", lambda: RedirectResponse("file:///etc/passwd"))
    answers(judge, "/round", lambda: RedirectResponse("/round"))
    for path, error in (("/file", "no address"), ("/round", "more than 5 redirects")):
        with pytest.raises(ToolRefusedError, match=error):
            await allowed.request("GET", f"{judge.url}{path}")


async def test_a_name_with_one_private_address_is_not_asked_at_all(
    judge: Judge, guarded: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolves(monkeypatch, ["93.184.216.34", "127.0.0.1"])
    with pytest.raises(ForbiddenAddressError, match=r"both\.example \(127\.0\.0\.1\)"):
        await guarded.request("GET", "http://both.example/")


async def test_a_name_that_changes_after_the_look_changes_nothing(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked at is what is connected to: the name is resolved once."""
    asked = resolves(monkeypatch, ["127.0.0.2"], ["127.0.0.1"])
    outgoing = Outgoing(["127.0.0.2"], MOST)
    port = judge.url.rpartition(":")[2]
    with pytest.raises(UnreachableToolError):
        await outgoing.request("GET", f"http://rebinding.example:{port}/")
    assert (asked, judge.asked) == (["rebinding.example"], [])
    with pytest.raises(ForbiddenAddressError):
        await outgoing.request("GET", f"http://rebinding.example:{port}/")
    await outgoing.close()


def resolves(monkeypatch: pytest.MonkeyPatch, *turns: list[str]) -> list[str]:
    """Makes names resolve to the next of `turns` at each question; answers what was asked for."""
    asked: list[str] = []
    left = list(turns)

    async def look_up(host: str, port: int) -> list[str]:
        asked.append(host)
        return left.pop(0) if len(left) > 1 else left[0]

    monkeypatch.setattr(public_addresses, "look_up", look_up)
    return asked


@pytest.mark.parametrize(
    "entry", ["127.0.0.1", "127.0.0.0/8", "localhost", "{port}", "127.0.0.1:{port}", "localhost:{port}"]
)
async def test_what_is_allowed_is_reached(judge: Judge, entry: str) -> None:
    port = judge.url.rpartition(":")[2]
    name = "localhost" if "localhost" in entry else "127.0.0.1"
    entry = f"{name}:{port}" if entry == "{port}" else entry.format(port=port)
    outgoing = Outgoing([entry], MOST)
    fetched = await outgoing.request("GET", f"http://{name}:{port}/x?y=1")
    assert (fetched.status, judge.asked[0]["path"], judge.asked[0]["query"]) == (200, "/x", "y=1")
    await outgoing.close()
    other = Outgoing([f"{name}:1"], MOST)
    with pytest.raises(ForbiddenAddressError):
        await other.request("GET", f"http://{name}:{port}/")


async def test_headers_stay_with_the_server_that_they_were_meant_for(judge: Judge, allowed: Outgoing) -> None:
    async with judging() as other:
        answers(judge, "/away", lambda: RedirectResponse(f"{other.url}/there"))
        answers(judge, "/near", lambda: RedirectResponse("/here"))
        headers = {"Authorization": "Bearer hush", "X-Api-Key": "hush", "Accept": "text/plain"}
        await allowed.request("GET", f"{judge.url}/away", headers=headers)
        await allowed.request("GET", f"{judge.url}/near", headers=headers)
        assert judge.asked[-1]["headers"]["x-api-key"] == "hush"
        assert "hush" not in str(other.asked)
        assert other.asked[0]["headers"]["accept"] == "text/plain"


async def test_a_post_becomes_a_get_where_the_web_does_it(judge: Judge, allowed: Outgoing) -> None:
    for status, method in ((303, "GET"), (302, "GET"), (307, "POST"), (308, "POST")):
        answers(judge, "/away", lambda status=status: RedirectResponse("/there", status))
        await allowed.request(
            "POST", f"{judge.url}/away", content=b'"x"', headers={"content-type": "application/json"}
        )
        assert (judge.asked[-1]["method"], judge.asked[-1]["body"]) == (
            method,
            "x" if method == "POST" else "",
        )


async def test_no_more_is_read_than_is_wanted(judge: Judge, allowed: Outgoing) -> None:
    sent = 0

    async def endless() -> AsyncGenerator[bytes]:
        nonlocal sent
        while True:
            sent += 10_000
            yield b"x" * 10_000
            await asyncio.sleep(0)

    bomb = gzip.compress(b"\0" * 50_000_000, 9)
    flat = zlib.compress(b"\0" * 10_000_000)
    answers(judge, "/endless", lambda: StreamingResponse(endless()))
    answers(judge, "/bomb", lambda: Response(bomb, headers={"content-encoding": "gzip"}))
    answers(judge, "/flat", lambda: Response(flat, headers={"content-encoding": "deflate"}))
    for path in ("/endless", "/bomb", "/flat"):
        with pytest.raises(DownloadTooLargeError):
            await allowed.request("GET", f"{judge.url}{path}")
    assert sent < 50_000_000


async def test_a_packed_answer_is_unpacked(judge: Judge, allowed: Outgoing) -> None:
    answers(
        judge, "/gzip", lambda: Response(gzip.compress(b"hello" * 1000), headers={"content-encoding": "gzip"})
    )
    answers(judge, "/br", lambda: Response(b"...", headers={"content-encoding": "br"}))
    answers(judge, "/lies", lambda: Response(b"...", headers={"content-encoding": "gzip"}))
    assert (await allowed.request("GET", f"{judge.url}/gzip")).text == "hello" * 1000
    assert judge.asked[0]["headers"]["accept-encoding"] == "identity"
    with pytest.raises(ToolRefusedError):
        await allowed.request("GET", f"{judge.url}/br")
    with pytest.raises(UnreachableToolError):
        await allowed.request("GET", f"{judge.url}/lies")


@pytest.mark.parametrize(
    "answer", [b"", b"rubbish\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"]
)
async def test_a_server_that_breaks_off_is_unreachable(allowed: Outgoing, answer: bytes) -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(broken, "127.0.0.1", 0)
    async with server:
        with pytest.raises(UnreachableToolError):
            await allowed.request("GET", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")


async def test_the_environment_has_no_say(
    judge: Judge, allowed: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with judging() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        await allowed.request("GET", f"{judge.url}/")
        assert (len(judge.asked), proxy.asked) == (1, [])


PAGE = """<html><head><title>No</title><style>p {}</style></head><body><h1>Bread</h1><script>steal()</script>
<p>Flour  &amp;
water</p><ul><li>Salt<li>Time</ul></body></html>"""


async def test_a_page_is_fetched_as_people_read_it(judge: Judge, l03: L03Client) -> None:
    answers(judge, "/page", lambda: HTMLResponse(PAGE))
    answers(judge, "/picture", lambda: Response(b"\x89PNG\0\0", media_type="image/png"))
    answers(judge, "/gone", lambda: Response("no", 404))
    told = await l03.execute("fetch_url", {"url": f"{judge.url}/page"})
    assert told.output == {
        "url": f"{judge.url}/page",
        "status": 200,
        "content_type": "text/html",
        "text": "Bread\nFlour &\nwater\nSalt\nTime",
        "cut": False,
    }
    short = await l03.execute("fetch_url", {"url": f"{judge.url}/page", "max_characters": 5})
    assert (short.output["text"], short.output["cut"]) == ("Bread", True)
    for path in ("/picture", "/gone"):
        assert (await l03.execute("fetch_url", {"url": f"{judge.url}{path}"})).status == "error"
    forbidden = await l03.execute("fetch_url", {"url": "http://169.254.169.254/"})
    assert (forbidden.status, forbidden.error and forbidden.error["code"]) == ("error", "E3014")


async def test_an_agent_cannot_ask_the_platform_itself(l01_http: L01Client, tmp_path: Path) -> None:
    async with tool_layer(l01_http, tmp_path, outgoing_allow=[]) as layer:
        told = await layer.local_client().execute("fetch_url", {"url": f"{l01_http.base_url}/agents"})
        assert told.error and told.error["code"] == "E3014"
