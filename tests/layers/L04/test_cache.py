"""Answers that are given again: only to who asks for it, only to the same request of the same caller, and booked as free."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L04_model_gateway.layer import ModelGateway
from agentic.layers.L09_api_gateway.keys import create_key
from tests.kit.providers import CountingProvider, Reply, Tool
from tests.layers.L04.conftest import KINDS, Configure, Usage, chat
from tests.layers.L04.test_routes import OPENAI_TOOLS, anthropic_message, message, openai_calls, openai_text

pytestmark = pytest.mark.anyio
CHAT = "/v1/chat/completions"
KEEP = {"X-Cache-Seconds": "60"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("first_streams", [False, True])
async def test_the_same_request_is_answered_once_whole_or_streamed(
    api: httpx2.AsyncClient,
    configure: Configure,
    provider: CountingProvider,
    usage: Callable[..., Awaitable[Usage]],
    kind: str,
    first_streams: bool,
) -> None:
    await configure("main", kind, provider)
    provider.otherwise = lambda call: Reply(f"Answer {call.number}")
    first = await api.post(CHAT, json=chat(stream=first_streams), headers=KEEP)
    assert "x-cache" not in first.headers
    whole = await api.post(CHAT, json=chat(), headers=KEEP)
    assert whole.headers["x-cache"] == "hit"
    assert whole.json()["choices"][0]["message"]["content"] == "Answer 1"
    streamed = await api.post(CHAT, json=chat(stream=True), headers=KEEP)
    assert openai_text(streamed.content) == "Answer 1"
    rows = await usage(3)
    assert [row["model_provider"] for row in rows] == ["main", "cache", "cache"]
    assert [row["cost_estimate"] for row in rows[1:]] == [0, 0]
    assert sum(row["input_tokens"] for row in rows) == provider.input_tokens
    assert len(provider.calls) == 1


async def test_every_other_request_is_another_one(
    api: httpx2.AsyncClient, openai: CountingProvider, l01_local: L01Client
) -> None:
    openai.otherwise = lambda call: Reply(f"Answer {call.number}")
    agent = (await l01_local.create_agent("one"))["id"]
    key = (await create_key(l01_local, "another")).key
    requests: list[tuple[dict[str, Any], dict[str, str]]] = [
        (chat(), KEEP),
        (chat("Hi "), KEEP),
        (chat(temperature=0), KEEP),
        (chat(seed=1), KEEP),
        (chat(model="large"), KEEP),
        (chat(tools=OPENAI_TOOLS), KEEP),
        (chat(own_field=1), KEEP),
        (chat(), {**KEEP, "X-Agent-Id": agent}),
        (chat(), {**KEEP, "Authorization": f"Bearer {key}"}),
    ]
    for expected in (1, 2):
        for body, headers in requests:
            assert (await api.post(CHAT, json=body, headers=headers)).status_code == 200
        assert len(openai.calls) == len(requests), f"round {expected}"
    for _ in range(2):
        await api.post(CHAT, json=chat())
    assert len(openai.calls) == len(requests) + 2, "nobody asked for an older one"


async def test_what_was_cut_off_by_its_length_is_not_kept(
    api: httpx2.AsyncClient, openai: CountingProvider
) -> None:
    openai.otherwise = Reply("Not the e", finish_reason="length")
    for _ in range(2):
        await api.post(CHAT, json=chat(), headers=KEEP)
    assert len(openai.calls) == 2


async def test_tool_calls_are_given_again_in_either_form(
    api: httpx2.AsyncClient, openai: CountingProvider
) -> None:
    openai.otherwise = Reply("", tools=[Tool("weather", {"city": "Köln"}, "c1")])
    for _ in range(2):
        streamed = await api.post(CHAT, json=chat(tools=OPENAI_TOOLS, stream=True), headers=KEEP)
        assert openai_calls(streamed.content) == [("c1", "weather", {"city": "Köln"})]
        told = await api.post("/v1/messages", json=message(stream=True), headers=KEEP)
        (block,) = anthropic_message(told.content)["content"]
        assert json.loads(block["json"]) == {"city": "Köln"}
    assert len(openai.calls) == 2


async def test_a_reply_to_the_layers_above_is_given_again_too(
    layer: ModelGateway, openai: CountingProvider
) -> None:
    l04 = layer.local_client()
    replies = [await l04.complete(chat(), cache_seconds=60) for _ in range(2)]
    assert replies[0].message == replies[1].message
    assert (replies[1].provider, replies[1].usage["cost"]) == ("cache", 0)
    told: list[str] = []
    await l04.complete(chat(), cache_seconds=60, on_text=told.append)
    assert "".join(told) == "Hello there, friend."
    assert len(openai.calls) == 1


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan", "inf"])
async def test_a_time_that_is_none_is_refused(
    api: httpx2.AsyncClient, openai: CountingProvider, seconds: str
) -> None:
    response = await api.post(CHAT, json=chat(), headers={"X-Cache-Seconds": seconds})
    assert (response.status_code, response.json()["error"]["param"]) == (422, "x-cache-seconds")
