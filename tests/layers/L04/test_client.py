"""`L04Client` on both backends: the same replies, the same errors, and the same end when its caller goes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentic.layers.base.common_errors import InvalidError, UnreachableError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L04_model_gateway.errors import ModelCannotError, ProviderFailedError, UnknownModelError
from agentic.layers.L04_model_gateway.layer import ModelGateway
from tests.kit.providers import CountingProvider, Reply, Tool, broken, drops, hangs
from tests.layers.L04.conftest import KINDS, Configure, chat

pytestmark = pytest.mark.anyio
each_kind = pytest.mark.parametrize("kind", KINDS)
TOOLS = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]


@each_kind
@pytest.mark.parametrize("streams", [False, True])
async def test_a_reply_is_the_same_however_it_came(
    l04: L04Client, configure: Configure, provider: CountingProvider, kind: str, streams: bool
) -> None:
    await configure("main", kind, provider)
    provider.script(Reply("Let me see.", tools=[Tool("add", {"a": 1})], input_tokens=9, output_tokens=4))
    told: list[str] = []
    reply = await l04.complete(chat(tools=TOOLS), on_text=told.append if streams else None)
    assert reply.message["role"] == "assistant"
    assert reply.message["content"] == "Let me see."
    (call,) = reply.message["tool_calls"]
    assert call["type"] == "function"
    assert call["id"]
    assert call["function"]["name"] == "add"
    assert call["function"]["arguments"].replace(" ", "") == '{"a":1}'
    assert (reply.finish_reason, reply.provider, reply.model) == ("tool_calls", "main", "small")
    counted = {name: reply.usage[name] for name in ("input_tokens", "output_tokens", "cost", "cost_known")}  # type: ignore[literal-required]
    assert counted == {"input_tokens": 9, "output_tokens": 4, "cost": 0.0, "cost_known": True}
    assert (reply.usage_id, reply.usage["provider"], reply.usage["model"]) == (None, "main", "small")
    assert "".join(told) == ("Let me see." if streams else "")
    if streams and kind != "ollama":
        assert len(told) > 1


async def test_text_is_told_as_it_comes_to_who_waits_for_it(l04: L04Client, openai: CountingProvider) -> None:
    openai.script(hangs(after=3))
    heard: asyncio.Queue[str] = asyncio.Queue()
    asking = asyncio.create_task(l04.complete(chat(), on_text=heard.put))
    assert await heard.get() == "Hello"
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await openai.calls[0].end()
    assert openai.calls[0].hung_up


async def test_a_caller_that_is_cancelled_ends_the_provider_s_call(
    l04: L04Client, openai: CountingProvider, l01_local: L01Client
) -> None:
    openai.script(hangs())
    asking = asyncio.create_task(l04.complete(chat()))
    call = await openai.called()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await call.end()
    assert call.hung_up
    while not (rows := (await l01_local.usage.list())["items"]):
        await asyncio.sleep(0.005)
    assert rows[0]["status"] == "cut"


async def test_errors_are_the_classes_that_the_gateway_raised(
    l04: L04Client, configure: Configure, provider: CountingProvider
) -> None:
    provider.capabilities = ("completion",)
    await configure("main", "ollama", provider)
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        (chat(model="nobody"), UnknownModelError),
        (chat(tools=TOOLS), ModelCannotError),
        ({"model": "small"}, InvalidError),
        (chat(messages=[{"role": "nobody", "content": "x"}]), InvalidError),
        (chat(messages=["x"]), InvalidError),
    ]
    for request, expected in wrong:
        with pytest.raises(expected):
            await l04.complete(request)
    provider.script(broken(500), broken(500))
    with pytest.raises(ProviderFailedError) as failed:
        await l04.complete(chat())
    assert failed.value.members["provider"] == "main"


async def test_a_stream_that_is_cut_off_raises(l04: L04Client, openai: CountingProvider) -> None:
    openai.script(drops(after=3))
    told: list[str] = []
    with pytest.raises(ProviderFailedError):
        await l04.complete(chat(), on_text=told.append)
    assert "".join(told).startswith("Hello")


async def test_a_listener_that_fails_ends_the_call(layer: ModelGateway, openai: CountingProvider) -> None:
    def listen(text: str) -> None:
        raise RuntimeError(text)

    with pytest.raises(Exception, match="E1000"):
        await layer.local_client().complete(chat(), on_text=listen)
    await openai.calls[0].end()


async def test_embeddings_and_lists(l04: L04Client, openai: CountingProvider) -> None:
    openai.script(Reply(vectors=[[0.5]]))
    answer = await l04.embed({"model": "small", "input": "a"})
    assert answer["data"][0]["embedding"] == [0.5]
    assert [model["id"] for model in await l04.models()] == ["small", "large"]
    providers = {each["name"]: each for each in await l04.providers()}
    assert providers["main"]["status"] == "ok"
    assert providers["main"]["configured"]
    assert not providers["ollama"]["configured"]


async def test_nobody_at_the_address_is_said_so() -> None:
    with pytest.raises(UnreachableError):
        await L04Client("http://127.0.0.1:9").complete(chat())
