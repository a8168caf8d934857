"""`/ws/events`, the public stream: each event once, in order, after whatever happened in between."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from agentic.layers.base.broadcast import BroadcastProtocol
from agentic.layers.base.browser_guard import BrowserGuard
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L10_human_interface import hub
from agentic.layers.L10_human_interface.layer import HumanInterface
from agentic.layers.L10_human_interface.settings import L10Settings
from tests.kit.http import served
from tests.kit.interface import interface_over
from tests.layers.L10.wire import address, eventually, publish, told

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["websockets-sansio", BroadcastProtocol], ids=["any server", "ours"])
def protocol(request: pytest.FixtureRequest) -> object:
    """How a server speaks WebSocket: as any does, and as the platform's own does, which writes to many at once."""
    return request.param


@pytest.fixture
async def url(interface: HumanInterface, protocol: object) -> AsyncGenerator[str]:
    """The interface's address on such a server."""
    async with served(interface.app(), ws=protocol) as address:
        yield address


async def test_a_message_is_an_event_as_it_was_published(url: str, l01_local: L01Client) -> None:
    async with connect(address(url)) as socket:
        agent = await l01_local.create_agent("researcher", "general", {"depth": 3})
        event = await told(socket)
    assert event["event_type"] == "agent.created"
    assert event["aggregate_id"] == agent["id"]
    assert event["payload"]["configuration"] == {"depth": 3}
    assert set(event) == {
        "event_type",
        "aggregate_type",
        "aggregate_id",
        "payload",
        "id",
        "position",
        "version",
        "metadata",
        "created_at",
    }


async def test_what_was_missed_comes_first_and_then_what_comes(url: str, l01_local: L01Client) -> None:
    await publish(l01_local, 5)
    async with connect(address(url, "after=2")) as socket:
        assert [(await told(socket))["position"] for _ in range(3)] == [3, 4, 5]
        await publish(l01_local, 2)
        assert [(await told(socket))["position"] for _ in range(2)] == [6, 7]


async def test_a_long_absence_is_read_from_the_log(
    url: str, l01_local: L01Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "PAGE", 20)
    for _ in range(3):
        await publish(l01_local, 1000)
    async with connect(address(url, "after=0")) as socket:
        positions = [(await told(socket))["position"] for _ in range(3000)]
    assert positions == list(range(1, 3001))


async def test_filters_hold_for_the_past_and_the_present(url: str, l01_local: L01Client) -> None:
    bell = await publish(l01_local, 2)
    await publish(l01_local, 2, "door.opened")
    for query in (
        "event_type=bell.*",
        "event_type=bell.rung,bell.cast",
        "aggregate_type=bell",
        f"aggregate_id={bell}",
    ):
        async with connect(address(url, f"after=0&{query}")) as socket:
            past = [await told(socket) for _ in range(2)]
            await l01_local.publish_event("door.opened", "door", bell.replace(bell[:4], "0000"), {})
            await l01_local.publish_event("bell.rung", "bell", bell, {"now": True})
            assert (await told(socket))["payload"] == {"now": True}
        assert [event["event_type"] for event in past] == ["bell.rung", "bell.rung"]


@pytest.mark.parametrize("query", ["after=-1", "after=soon", "kind=bell", "after=0&aggregate_id=nobody"])
async def test_what_cannot_be_understood_is_refused_with_its_name(url: str, query: str) -> None:
    async with connect(address(url, query)) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await told(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1007
    assert query.rpartition("&")[2].partition("=")[0] in closed.value.rcvd.reason


async def test_every_one_of_many_sockets_gets_every_event(url: str, l01_local: L01Client) -> None:
    clients = [await connect(address(url)) for _ in range(100)]
    try:
        await asyncio.gather(*(publish(l01_local, 10) for _ in range(10)))

        async def received(client: object) -> list[int]:
            return [(await told(client))["position"] for _ in range(100)]  # type: ignore[arg-type]

        for positions in await asyncio.gather(*map(received, clients)):
            assert positions == list(range(1, 101))
    finally:
        await asyncio.gather(*(client.close() for client in clients))


async def test_a_client_that_reads_nothing_delays_nobody_and_is_cut_off(
    data_layer: DataLayer, l01_local: L01Client, protocol: object
) -> None:
    async with (
        interface_over(data_layer, L10Settings(send_timeout=0.2)) as interface,
        served(interface.app(), ws=protocol) as url,
    ):
        stalled = await _stalled(url)
        try:
            async with connect(address(url), max_size=None) as reader:
                await eventually(lambda: len(interface.hub) == 2)
                for _ in range(40):
                    await publish(l01_local, 1, payload={"text": "x" * 300_000})
                assert [(await told(reader))["position"] for _ in range(40)] == list(range(1, 41))
                await eventually(lambda: len(interface.hub) == 1)
        finally:
            stalled.close()


async def _stalled(url: str) -> sockets.socket:
    """A client that shakes hands and then reads nothing more."""
    where = urlsplit(url)
    client = sockets.socket()
    client.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    await asyncio.to_thread(client.connect, (where.hostname, where.port))
    client.sendall(
        f"GET /ws/events HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    answer = await asyncio.to_thread(client.recv, 64)
    assert b"101" in answer
    return client


async def test_a_client_slower_than_its_buffer_loses_nothing(
    url: str, interface: HumanInterface, l01_local: L01Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "BUFFER", 3)
    async with connect(address(url)) as socket:
        await eventually(lambda: len(interface.hub) == 1)
        for _ in range(5):
            await publish(l01_local, 50)
        assert [(await told(socket))["position"] for _ in range(250)] == list(range(1, 251))


async def test_a_client_resumes_after_a_restart(data_layer: DataLayer, l01_local: L01Client) -> None:
    async with (
        interface_over(data_layer) as first,
        served(first.app()) as url,
        connect(address(url)) as socket,
    ):
        await publish(l01_local, 3)
        last = [(await told(socket))["position"] for _ in range(3)][-1]
    await publish(l01_local, 4)
    async with (
        interface_over(data_layer) as second,
        served(second.app()) as url,
        connect(address(url, f"after={last}")) as socket,
    ):
        assert [(await told(socket))["position"] for _ in range(4)] == [4, 5, 6, 7]


async def test_a_page_of_another_site_may_not_listen(interface: HumanInterface) -> None:
    async with served(BrowserGuard(interface.app())) as url:
        with pytest.raises(InvalidStatus) as refused:
            await connect(address(url), origin="https://elsewhere.example")  # type: ignore[arg-type]
        assert refused.value.response.status_code == 403
        async with connect(address(url), origin=url):  # type: ignore[arg-type]
            pass


async def test_sockets_come_and_go_while_events_do(
    url: str, interface: HumanInterface, l01_local: L01Client
) -> None:
    async def watch(first: int) -> None:
        async with connect(address(url, f"after={first}&event_type=bell.*")) as socket:
            assert [(await told(socket))["position"] for _ in range(30)] == list(range(first + 1, first + 31))

    writing = asyncio.gather(*(publish(l01_local, 2) for _ in range(40)))
    await asyncio.gather(*(watch(first) for first in range(0, 50, 5)))
    await writing
    await eventually(lambda: len(interface.hub) == 0)


async def test_messages_of_every_length_are_framed(
    url: str, interface: HumanInterface, l01_local: L01Client
) -> None:
    async with connect(address(url), max_size=None) as socket:
        await eventually(lambda: len(interface.hub) == 1)
        for length in (0, 1, 65_000, 66_000, 2_000_000):
            await publish(l01_local, 1, payload="é" * length)
            assert (await told(socket))["payload"] == "é" * length


async def test_what_a_listener_says_is_passed_over(url: str, l01_local: L01Client) -> None:
    async with connect(address(url)) as socket:
        await socket.send("hello")
        await socket.send(json.dumps({"ack": 1}))
        await publish(l01_local, 1)
        assert (await told(socket))["position"] == 1
