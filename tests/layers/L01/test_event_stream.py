"""The live log over HTTP: on a real port, because a stream through a test transport is no stream."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.backends.event_stream import follow_stream
from agentic.layers.L01_data_layer.client import L01Client, event_of
from agentic.layers.L01_data_layer.feed import BUFFER_BYTES
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.models.error_codes import InvalidError
from agentic.layers.L01_data_layer.routers import event_stream
from agentic.layers.L01_data_layer.settings import L01Settings
from tests.kit.http import served
from tests.kit.log import settled
from tests.kit.process import DataLayerProcess

pytestmark = pytest.mark.anyio


class Block(dict[str, str]):
    """One block of server-sent events: its fields, a comment under the empty name."""


@asynccontextmanager
async def blocks(
    url: str, headers: dict[str, str] | None = None, **query: Any
) -> AsyncIterator[AsyncGenerator[Block]]:
    """The blocks of a stream, by a reader that knows nothing of ours."""
    async with (
        asyncio.timeout(20),
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=None) as client,
        client.stream("GET", "/events/stream", params=query, headers=headers) as response,
    ):
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        async with aclosing(_blocks(response)) as found:
            yield found


async def _blocks(response: httpx2.Response) -> AsyncGenerator[Block]:
    rest = b""
    async for chunk in response.aiter_bytes():
        *complete, rest = (rest + chunk).split(b"\n\n")
        for text in complete:
            yield Block(line.partition(": ")[::2] for line in text.decode().split("\n"))


async def test_a_stream_says_where_it_begins_and_then_gives_each_event(
    l01_url: str, l01_local: L01Client
) -> None:
    await l01_local.create_agent("before")
    head = await settled(l01_local)
    async with blocks(l01_url) as stream:
        assert await anext(stream) == {"id": str(head)}
        agent = await l01_local.create_agent("during")
        block = await anext(stream)
        assert block["id"] == str(head + 1)
        assert block["event"] == "agent.created"
        event = json.loads(block["data"])
        assert (event["aggregate_id"], event["position"]) == (agent["id"], head + 1)
        assert event["payload"] == agent


async def test_a_stream_resumes_after_a_position_or_the_last_event_id(
    l01_url: str, l01_local: L01Client
) -> None:
    for n in range(5):
        await l01_local.create_agent(f"agent {n}")
    async with blocks(l01_url, after=2) as stream:
        assert [(await anext(stream))["id"] for _ in range(4)] == ["2", "3", "4", "5"]
    async with blocks(l01_url, {"Last-Event-ID": "4"}, after=2) as stream:
        assert [(await anext(stream))["id"] for _ in range(2)] == ["4", "5"]


async def test_a_stream_gives_only_what_is_asked_for(l01_url: str, l01_local: L01Client) -> None:
    wanted, other = [await l01_local.create_agent(name) for name in ("wanted", "other")]
    await l01_local.register_tool("hammer", {}, None)
    await l01_local.update_agent(other["id"], {"name": "another"})
    await l01_local.update_agent(wanted["id"], {"status": "active"})
    async with blocks(l01_url, after=0, event_type="tool.*,agent.active") as stream:
        assert [(await anext(stream)).get("event") for _ in range(3)] == [
            None,
            "tool.created",
            "agent.active",
        ]
    async with blocks(l01_url, after=0, aggregate_type="tool") as stream:
        assert [(await anext(stream)).get("event") for _ in range(2)] == [None, "tool.created"]
    async with blocks(l01_url, after=0, aggregate_id=wanted["id"]) as stream:
        assert [(await anext(stream)).get("event") for _ in range(3)] == [
            None,
            "agent.created",
            "agent.active",
        ]


async def test_a_silent_stream_is_pinged_and_told_how_far_the_log_was_looked_at(
    l01_url: str, l01_local: L01Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "PING", 0.05)
    async with blocks(l01_url, event_type="never") as stream:
        assert await anext(stream) == {"id": "0"}
        assert await anext(stream) == {"": "ping", "id": "0"}
        await l01_local.create_agent("unwanted")
        while (block := await anext(stream)) == {"": "ping", "id": "0"}:
            pass
        assert block == {"": "ping", "id": "1"}


@pytest.mark.parametrize(
    ("query", "headers", "field"),
    [
        ({"after": "-1"}, {}, "after"),
        ({"after": "x"}, {}, "after"),
        ({"aggregate_id": "x"}, {}, "aggregate_id"),
        ({"event_typ": "agent.*"}, {}, "event_typ"),
        ({}, {"Last-Event-ID": "x"}, "Last-Event-ID"),
    ],
)
async def test_a_stream_of_nonsense_is_refused(l01_url: str, query: Any, headers: Any, field: str) -> None:
    async with httpx2.AsyncClient(base_url=l01_url, trust_env=False) as client:
        response = await client.get("/events/stream", params=query, headers=headers)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, "E1001")
    assert [error["field"] for error in problem["errors"]] == [field]


async def test_a_reader_that_leaves_is_forgotten(data_layer: DataLayer, l01_url: str) -> None:
    async with blocks(l01_url) as stream:
        await anext(stream)
        assert len(data_layer.feed._readers) == 1
    async with asyncio.timeout(10):
        while data_layer.feed._readers:
            await asyncio.sleep(0.005)


async def test_a_reader_that_stalls_costs_a_bounded_buffer(
    data_layer: DataLayer, l01_url: str, l01_local: L01Client
) -> None:
    """What it did not read it still gets, from the log, when it reads on."""
    big = {"text": "x" * 100_000}
    aggregate = uuid4()
    async with blocks(l01_url) as stream:
        await anext(stream)
        batch = [
            {"event_type": "load.came", "aggregate_type": "load", "aggregate_id": aggregate, "payload": big}
            for _ in range(100)
        ]
        for _ in range(4):
            await l01_local.events.append_all(batch)
        last = await settled(l01_local)
        (reader,) = data_layer.feed._readers
        assert sum(len(event.json) for event in reader.events) <= BUFFER_BYTES
        assert [int((await anext(stream))["id"]) for _ in range(last)] == list(range(1, last + 1))


async def test_following_over_http_resumes_where_the_server_went_away(l01_settings: L01Settings) -> None:
    """Also when it went away before the first event: the stream had said where it began."""
    async with served_layer(l01_settings) as (layer, url):
        l01 = L01Client(backend=layer.backend)
        await l01.create_agent("before")
        await settled(l01)
        followed = L01Client(url).follow()
        assert await anext(followed) == []
        missed = await l01.create_agent("missed by the reader, who is not reading")
        layer.stopping()
    async with served_layer(l01_settings, int(url.rpartition(":")[2])) as (layer, _), asyncio.timeout(20):
        later = await L01Client(backend=layer.backend).create_agent("later")
        events = await _next_events(followed, 2)
        assert [event["aggregate_id"] for event in events] == [missed["id"], later["id"]]
        layer.stopping()
        await followed.aclose()


@asynccontextmanager
async def served_layer(settings: L01Settings, port: int = 0) -> AsyncIterator[tuple[DataLayer, str]]:
    """A data layer of its own, and its address."""
    layer = DataLayer(Context(), settings)
    async with layer.running(), served(layer.app(), port) as url:
        yield layer, url


async def test_a_refusal_is_raised_not_retried(l01_url: str) -> None:
    async with aclosing(L01Client(l01_url).follow(event_typ="agent.*")) as followed:
        with pytest.raises(InvalidError, match="event_typ"):
            await anext(followed)


@asynccontextmanager
async def followed_answers(
    answer: Callable[[httpx2.Request], httpx2.Response],
) -> AsyncIterator[AsyncGenerator[Any]]:
    """What a follower makes of a server that answers so."""
    transport = httpx2.MockTransport(answer)
    async with (
        asyncio.timeout(20),
        httpx2.AsyncClient(transport=transport, base_url="http://l01") as client,
        aclosing(follow_stream(client, {}, None, {})) as followed,
    ):
        yield followed


async def test_a_server_in_trouble_is_asked_again() -> None:
    answers = iter(
        [httpx2.Response(503), httpx2.Response(200, content=b"id: 7\n\n"), httpx2.ConnectError("gone")]
    )
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.params.get("after", ""))
        given = next(answers, httpx2.Response(200, content=b"id: 8\r\ndata: " + _event(8) + b"\r\n\r\n"))
        if isinstance(given, Exception):
            raise given
        return given

    async with followed_answers(answer) as followed:
        events = await _next_events(followed, 1)
    assert [event["position"] for event in events] == [8]
    assert asked == ["", "", "7", "7"]


async def test_an_event_that_arrives_in_pieces_is_one_event() -> None:
    text = b"id: 1\n\nid: 2\nevent: a\xe2\x80\xa8b\ndata: " + _event(2) + b"\n\n: ping\nid: 3\n\n"

    async def pieces() -> AsyncGenerator[bytes]:
        for index in range(len(text)):
            yield text[index : index + 1]

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=pieces())

    async with followed_answers(answer) as followed:
        assert (await _next_events(followed, 1))[0]["payload"] == "line\u2028and paragraph\u2029"


async def test_uvicorn_stops_at_once_though_a_reader_hangs_on(database_url: str, redis_url: str) -> None:
    async with DataLayerProcess(database_url, redis_url) as process, blocks(process.url) as stream:
        await anext(stream)
        assert await process.terminate() == -signal.SIGTERM
        assert [block async for block in stream] == []


async def _next_events(followed: AsyncGenerator[Any], count: int) -> list[dict[str, Any]]:
    found: list[Any] = []
    while len(found) < count:
        found += await anext(followed)
    return [dict(event_of(event)) for event in found]


def _event(position: int) -> bytes:
    event = {"event_type": "a", "aggregate_type": "b", "aggregate_id": str(uuid4()), "position": position}
    return json.dumps({**event, "payload": "line\u2028and paragraph\u2029"}, ensure_ascii=False).encode()


@pytest.mark.parametrize("path", ["/agents", "/health/live", "/events/stream"])
async def test_head_is_answered_as_get_is_and_at_once(l01_url: str, path: str) -> None:
    async with httpx2.AsyncClient(base_url=l01_url, trust_env=False, timeout=10) as client:
        answer = await client.head(path)
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["content-type"].startswith(("application/json", "text/event-stream"))
