"""Providers that hang, drop, send rubbish, refuse or answer without end: a clear outcome, bounded memory, and a row for it."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from agentic.layers.L04_model_gateway.layer import ModelGateway
from agentic.layers.L04_model_gateway.settings import L04Settings
from tests.kit.providers import (
    CountingProvider,
    Reply,
    broken,
    drops,
    hangs,
    huge,
    rate_limited,
    rubbish,
)
from tests.layers.L04.conftest import KINDS, Configure, Usage, chat
from tests.layers.L04.test_routes import events, message, openai_text

pytestmark = pytest.mark.anyio
each_kind = pytest.mark.parametrize("kind", KINDS)
Rows = Callable[..., Awaitable[Usage]]
CHAT = "/v1/chat/completions"
SOME = {"openai": 3, "anthropic": 5, "ollama": 2}
"""Chunks of a stream of each kind with some of the text, and not the end."""


def code(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


@each_kind
@pytest.mark.parametrize("stream", [False, True])
async def test_a_provider_that_hangs_is_given_up(
    api: httpx2.AsyncClient,
    configure: Configure,
    provider: CountingProvider,
    usage: Rows,
    kind: str,
    stream: bool,
) -> None:
    await configure("main", kind, provider, first_byte_timeout=0.1)
    provider.script(hangs())
    response = await api.post(CHAT, json=chat(stream=stream))
    assert code(response) == (504, "E4007")
    assert response.headers["x-should-retry"] == "false"
    assert len(provider.calls) == 1, "what hangs may be at work: it is not asked twice"
    await provider.calls[0].end()
    assert provider.calls[0].hung_up
    (row,) = await usage()
    assert (row["status"], row["error"]["code"]) == ("failed", "E4007")


@each_kind
async def test_a_stream_that_falls_silent_is_ended_with_an_error(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, usage: Rows, kind: str
) -> None:
    await configure("main", kind, provider, silence_timeout=0.1)
    provider.script(hangs(after=SOME[kind]))
    response = await api.post(CHAT, json=chat(stream=True))
    assert response.status_code == 200
    told = events(response.content)
    assert openai_text(b"".join(response.content.partition(b'data: {"error"')[:1])).startswith("Hello")
    assert told[-1]["error"]["code"] == "E4007"
    (row,) = await usage()
    assert (row["status"], row["error"]["code"], row["estimated"]) == ("failed", "E4007", True)
    assert row["input_tokens"] > 0
    assert row["output_tokens"] > 0


@each_kind
async def test_a_stream_that_is_cut_off_is_ended_with_an_error(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, usage: Rows, kind: str
) -> None:
    await configure("main", kind, provider)
    provider.script(drops(after=SOME[kind]))
    told = events((await api.post(CHAT, json=chat(stream=True))).content)
    assert told[-1]["error"]["code"] == "E4006"
    assert len(provider.calls) == 1, "a stream that has begun cannot be begun again"
    (row,) = await usage()
    assert (row["status"], row["error"]["code"], row["estimated"]) == ("failed", "E4006", True)


async def test_anthropic_s_clients_are_told_of_a_cut_in_their_own_form(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider
) -> None:
    await configure("main", "anthropic", provider)
    provider.script(drops(after=4))
    response = await api.post("/v1/messages", json=message(stream=True))
    assert b"event: error\n" in response.content
    last = events(response.content)[-1]
    assert (last["type"], last["error"]["type"], last["error"]["code"]) == ("error", "api_error", "E4006")


@each_kind
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", [drops(), rubbish(), broken(500), broken(503), rate_limited("0")])
async def test_what_may_pass_is_tried_again(
    api: httpx2.AsyncClient,
    configure: Configure,
    provider: CountingProvider,
    usage: Rows,
    kind: str,
    stream: bool,
    fault: Reply,
) -> None:
    await configure("main", kind, provider)
    provider.script(fault)
    response = await api.post(CHAT, json=chat(stream=stream))
    assert response.status_code == 200, response.text
    if stream:
        assert openai_text(response.content) == "Hello there, friend."
    assert len(provider.calls) == 2
    (row,) = await usage()
    assert row["status"] == "completed"


@pytest.mark.parametrize("stream", [False, True])
async def test_rubbish_again_and_again_is_a_failure_with_its_reason(
    api: httpx2.AsyncClient, openai: CountingProvider, usage: Rows, stream: bool
) -> None:
    openai.script(rubbish(), rubbish())
    response = await api.post(CHAT, json=chat(stream=stream))
    assert code(response) == (502, "E4006")
    assert "main: " in response.json()["error"]["message"]
    assert (await usage())[0]["status"] == "failed"


@each_kind
async def test_rubbish_within_a_stream_ends_it(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, kind: str
) -> None:
    await configure("main", kind, provider)
    provider.script(rubbish(after=3))
    response = await api.post(CHAT, json=chat(stream=True))
    assert events(response.content)[-1]["error"]["code"] == "E4006"
    assert b"nonsense" not in response.content


async def test_a_provider_that_is_busy_is_waited_for_as_long_as_it_asks(
    api: httpx2.AsyncClient, openai: CountingProvider
) -> None:
    openai.script(rate_limited("0.05"))
    began = asyncio.get_running_loop().time()
    assert (await api.post(CHAT, json=chat())).status_code == 200
    assert asyncio.get_running_loop().time() - began >= 0.05
    openai.script(rate_limited("3600"))
    response = await api.post(CHAT, json=chat())
    assert code(response) == (429, "E4005")
    assert response.headers["retry-after"] == "3600", "too long for us, so the caller is told"
    assert len(openai.calls) == 3


async def test_what_a_provider_refuses_is_told_and_not_tried_again(
    api: httpx2.AsyncClient, openai: CountingProvider, usage: Rows
) -> None:
    openai.script(broken(400))
    response = await api.post(CHAT, json=chat())
    assert code(response) == (400, "E4003")
    assert "scripted 400" in response.json()["error"]["message"]
    assert len(openai.calls) == 1
    (row,) = await usage()
    assert (row["status"], row["error"]["code"], row["output_tokens"]) == ("failed", "E4003", 0)


async def test_a_key_that_the_provider_does_not_take_is_not_the_caller_s_fault(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.key = "right"
    monkeypatch.setenv("TEST_PROVIDER_KEY", "wrong")
    await configure(
        "main", "openai", provider, key="env:TEST_PROVIDER_KEY", discover=False, models={"small": {}}
    )
    response = await api.post(CHAT, json=chat())
    assert code(response) == (502, "E4004")
    monkeypatch.setenv("TEST_PROVIDER_KEY", "right")
    assert (await api.post(CHAT, json=chat())).status_code == 200
    monkeypatch.delenv("TEST_PROVIDER_KEY")
    response = await api.post(CHAT, json=chat())
    assert code(response) == (502, "E4004")
    assert "env:TEST_PROVIDER_KEY" in response.json()["error"]["message"]
    assert "right" not in response.text


async def test_another_provider_answers_when_the_first_one_fails(
    api: httpx2.AsyncClient,
    configure: Configure,
    provider: CountingProvider,
    other: CountingProvider,
    usage: Rows,
) -> None:
    await configure("first", "openai", provider, order=1)
    await configure("second", "ollama", other, order=2)
    for fault in (broken(500), drops(), rate_limited("3600"), rubbish(), broken(401)):
        provider.otherwise = fault
        response = await api.post(CHAT, json=chat())
        assert response.status_code == 200
        assert response.headers["x-model-provider"] == "second"
    await provider.stop()
    response = await api.post(CHAT, json=chat(stream=True))
    assert openai_text(response.content) == "Hello there, friend."
    assert other.answered == 6
    rows = await usage(12)
    failed = [row for row in rows if row["status"] == "failed"]
    assert [row["error"]["code"] for row in failed] == ["E4006", "E4006", "E4005", "E4006", "E4004", "E4009"]
    assert {row["model_provider"] for row in failed} == {"first"}
    assert sum(row["status"] == "completed" for row in rows) == 6


async def test_nobody_there_is_said_so(
    api: httpx2.AsyncClient, openai: CountingProvider, usage: Rows
) -> None:
    await openai.stop()
    response = await api.post(CHAT, json=chat())
    assert code(response) == (503, "E4009")
    assert (await usage())[0]["error"]["code"] == "E4009"


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_without_end_is_cut_and_held_in_bounds(
    api: httpx2.AsyncClient,
    layer: ModelGateway,
    openai: CountingProvider,
    usage: Rows,
    stream: bool,
) -> None:
    openai.script(huge(200 * 1024 * 1024))
    if stream:
        openai.script(huge())
    tracemalloc.start()
    try:
        response = await api.post(CHAT, json=chat(stream=stream))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert code(response) == ((502, "E4006") if stream else (502, "E4008"))
    await openai.calls[0].end()
    assert openai.calls[0].hung_up
    assert peak < 3 * layer.settings.max_answer
    assert (await usage())[0]["status"] == "failed"


async def test_a_stream_of_events_without_end_is_cut_too(
    api: httpx2.AsyncClient, layer: ModelGateway, openai: CountingProvider, usage: Rows
) -> None:
    layer.settings.max_answer = 100_000
    openai.script(Reply(" ".join(["word"] * 5000)))
    response = await api.post(CHAT, json=chat(stream=True))
    assert events(response.content)[-1]["error"]["code"] == "E4008"
    assert len(response.content) < 200_000
    await openai.calls[0].end()
    assert openai.calls[0].hung_up
    (row,) = await usage()
    assert (row["status"], row["estimated"]) == ("failed", True)


@each_kind
@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_hangs_up_ends_the_provider_s_call(
    api: httpx2.AsyncClient,
    configure: Configure,
    provider: CountingProvider,
    usage: Rows,
    kind: str,
    stream: bool,
) -> None:
    await configure("main", kind, provider)
    provider.script(hangs(after=SOME[kind] if stream else 0))
    asking = asyncio.create_task(_read_a_little(api, stream))
    call = await provider.called()
    if stream:
        assert await asking
    else:
        asking.cancel()
    await call.end()
    assert call.hung_up
    (row,) = await usage()
    assert (row["status"], row["estimated"]) == ("cut", True)
    assert row["input_tokens"] > 0
    assert (row["output_tokens"] > 0) == stream
    assert provider.connections == 0


async def _read_a_little(api: httpx2.AsyncClient, stream: bool) -> bytes:
    async with api.stream("POST", CHAT, json=chat(stream=stream)) as response:
        async for part in response.aiter_bytes():
            if b"Hello" in part:
                return part
    return b""


async def test_a_client_that_hangs_up_while_we_wait_for_the_next_attempt_is_noticed(
    api: httpx2.AsyncClient, openai: CountingProvider, usage: Rows
) -> None:
    openai.script(rate_limited("4"))
    asking = asyncio.create_task(api.post(CHAT, json=chat()))
    await (await openai.called()).end()
    asking.cancel()
    (row,) = await usage()
    assert row["status"] == "cut"
    assert len(openai.calls) == 1


class TestBreaker:
    """A provider that fails again and again."""

    @pytest.fixture
    def l04_settings(self, l04_settings: L04Settings) -> L04Settings:
        return l04_settings.model_copy(update={"attempts": 1, "breaker_failures": 3, "breaker_pause": 0.2})

    async def test_it_is_left_alone_and_tried_by_one_call_after_a_while(
        self, api: httpx2.AsyncClient, layer: ModelGateway, openai: CountingProvider
    ) -> None:
        openai.otherwise = broken(500)
        for _ in range(3):
            assert code(await api.post(CHAT, json=chat())) == (502, "E4006")
        refused = await api.post(CHAT, json=chat())
        assert code(refused) == (503, "E4009")
        assert "retry-after" in refused.headers
        assert len(openai.calls) == 3
        breaker = layer.catalogue.entry("main").breaker
        assert breaker.state == "open"
        while breaker.state == "open":
            await asyncio.sleep(0.01)
        openai.otherwise = Reply(delay=0.05)
        many = await asyncio.gather(*(api.post(CHAT, json=chat()) for _ in range(5)))
        assert sorted(response.status_code for response in many) == [200, 503, 503, 503, 503]
        assert breaker.state == "closed"
        assert (await api.post(CHAT, json=chat())).status_code == 200


async def test_errors_are_said_in_the_form_of_the_route(
    api: httpx2.AsyncClient, openai: CountingProvider
) -> None:
    for body, field in (
        ({"messages": []}, "model"),
        ({"model": "small"}, "messages"),
        ({"model": 7, "messages": [{}]}, "model"),
        ([], "body"),
    ):
        response = await api.post(CHAT, json=body)
        assert (response.status_code, response.json()["error"]["param"]) == (422, field)
        assert response.json()["request_id"] == response.headers["x-request-id"]
    garbled = await api.post(CHAT, content=b"{")
    assert code(garbled) == (422, "E1001")
    unknown = await api.post(CHAT, json=chat(model="nobody"))
    assert code(unknown) == (404, "E4001")
    assert "small" in unknown.json()["error"]["message"]
    told = (await api.post("/v1/messages", json={**message(), "model": "nobody"})).json()
    assert (told["type"], told["error"]["type"], told["error"]["code"]) == (
        "error",
        "not_found_error",
        "E4001",
    )
    assert code(await api.get(CHAT)) == (405, "E1007")
    assert code(await api.post("/v1/nothing", json={})) == (404, "E1002")
    assert not openai.calls


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/models", "/v1/embeddings"])
async def test_no_route_answers_without_a_key(l04_url: str, path: str) -> None:
    method = "GET" if path.endswith("models") else "POST"
    async with httpx2.AsyncClient(base_url=l04_url, trust_env=False) as anonymous:
        response = await anonymous.request(method, path, json=chat())
        assert code(response) == (401, "E1030")
        response = await anonymous.request(
            method, path, json=chat(), headers={"x-api-key": "agk_" + "x" * 43}
        )
        assert code(response) == (401, "E1030")
        test_key = {"Authorization": "Bearer test-key-12345678901234567890123456789012"}
        allowed = await anonymous.request(method, path, json=chat(), headers=test_key)
        assert allowed.status_code != 401


async def test_a_request_that_is_too_large_is_refused(
    api: httpx2.AsyncClient, openai: CountingProvider
) -> None:
    response = await api.post(CHAT, content=b'{"model": "' + b"x" * (33 * 1024 * 1024) + b'"}')
    assert code(response) == (413, "E1006")
    assert not openai.calls


async def test_numbers_and_unknown_fields_reach_the_provider_as_they_were(
    api: httpx2.AsyncClient, openai: CountingProvider
) -> None:
    text = '{"model":"small","messages":[{"role":"user","content":"x"}],"seed":12345678901234567890,"own":{"a":0.10}}'
    assert (await api.post(CHAT, content=text.encode())).status_code == 200
    assert openai.calls[0].body == json.loads(text)


async def test_many_at_once_over_few_connections(
    api: httpx2.AsyncClient, openai: CountingProvider, usage: Rows
) -> None:
    openai.otherwise = Reply(delay=0.01)

    async def ask(number: int) -> Any:
        return await api.post(CHAT, json=chat(str(number), stream=number % 2 == 0))

    for _ in range(3):
        responses = await asyncio.gather(*(ask(number) for number in range(20)))
        assert {response.status_code for response in responses} == {200}
    assert openai.connections <= 20
    rows = await usage(60)
    assert sum(row["input_tokens"] for row in rows) == openai.input_tokens
    assert sum(row["output_tokens"] for row in rows) == openai.output_tokens
