"""The routes of OpenAI's and Anthropic's APIs, over providers of each kind: what comes back, and what is booked."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from tests.kit.providers import CountingProvider, Reply, Tool
from tests.layers.L04.conftest import KINDS, Configure, Usage, chat

pytestmark = pytest.mark.anyio
each_kind = pytest.mark.parametrize("kind", KINDS)


async def test_a_chat_is_answered_and_booked(
    api: httpx2.AsyncClient, openai: CountingProvider, usage: Callable[..., Awaitable[Usage]]
) -> None:
    openai.script(Reply("Good morning", input_tokens=5, output_tokens=2, cached_tokens=3, reasoning_tokens=1))
    response = await api.post("/v1/chat/completions", json=chat())
    assert response.status_code == 200
    assert response.json()["choices"][0]["message"]["content"] == "Good morning"
    assert (response.headers["x-model-provider"], response.headers["x-model"]) == ("main", "small")
    (row,) = await usage()
    assert row["status"] == "completed"
    assert (row["input_tokens"], row["output_tokens"]) == (5, 2)
    assert (row["cached_tokens"], row["reasoning_tokens"]) == (3, 1)
    assert (row["model_provider"], row["model_name"]) == ("main", "small")
    assert (row["cost_estimate"], row["cost_known"], row["estimated"]) == (0, True, False)
    assert row["latency_ms"] is not None


WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
OPENAI_TOOLS = [
    {"type": "function", "function": {"name": "weather", "description": "Tells it.", "parameters": WEATHER}}
]
ANTHROPIC_TOOLS = [{"name": "weather", "description": "Tells it.", "input_schema": WEATHER}]
ANSWER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def message(text: str = "Hi", **fields: Any) -> dict[str, Any]:
    """A request in Anthropic's form."""
    return {"model": "small", "max_tokens": 100, "messages": [{"role": "user", "content": text}], **fields}


def events(content: bytes) -> list[Any]:
    """The JSON of server-sent events; `[DONE]` is left as a text."""
    datas = [line[6:] for line in content.decode().splitlines() if line.startswith("data: ")]
    return [data if data == "[DONE]" else json.loads(data) for data in datas]


def openai_text(content: bytes) -> str:
    chunks = [chunk for chunk in events(content) if chunk != "[DONE]" and chunk["choices"]]
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)


def openai_calls(content: bytes) -> list[tuple[str, str, Any]]:
    """Id, name and arguments of the tool calls in a stream of chunks."""
    calls: dict[int, list[str]] = {}
    for chunk in events(content):
        if chunk == "[DONE]" or not chunk["choices"]:
            continue
        for piece in chunk["choices"][0]["delta"].get("tool_calls") or ():
            call = calls.setdefault(piece["index"], ["", "", ""])
            call[0] += piece.get("id") or ""
            call[1] += piece["function"].get("name") or ""
            call[2] += piece["function"].get("arguments") or ""
    return [(call[0], call[1], json.loads(call[2])) for _, call in sorted(calls.items())]


def anthropic_message(content: bytes) -> dict[str, Any]:
    """The message that a stream of Anthropic's events builds, as its clients put it together."""
    built: dict[str, Any] = {}
    for event in events(content):
        kind = event["type"]
        if kind == "message_start":
            built = event["message"]
        elif kind == "content_block_start":
            assert event["index"] == len(built["content"])
            built["content"].append({**event["content_block"], "json": ""})
        elif kind == "content_block_delta":
            block, delta = built["content"][event["index"]], event["delta"]
            block["json"] += delta.get("partial_json", "")
            if "text" in delta:
                block["text"] += delta["text"]
        elif kind == "message_delta":
            built.update(event["delta"])
            built["usage"].update(event["usage"])
    assert events(content)[-1] == {"type": "message_stop"}
    return built


@each_kind
async def test_openai_s_form_over_each_kind(
    api: httpx2.AsyncClient,
    configure: Configure,
    provider: CountingProvider,
    usage: Callable[..., Awaitable[Usage]],
    kind: str,
) -> None:
    await configure("main", kind, provider)
    provider.script(Reply("One two three", input_tokens=9, output_tokens=3, finish_reason="length"))
    answer = (await api.post("/v1/chat/completions", json=chat(max_tokens=3, temperature=0.5))).json()
    assert answer["object"] == "chat.completion"
    (choice,) = answer["choices"]
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"] == "One two three"
    assert choice["finish_reason"] == "length"
    told = {name: answer["usage"][name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    assert told == {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    (row,) = await usage()
    assert (row["input_tokens"], row["output_tokens"], row["status"]) == (9, 3, "completed")
    sent = provider.calls[0].body
    assert sent["model"] == "small"
    assert sent["options" if kind == "ollama" else "temperature"] in (
        0.5,
        {"temperature": 0.5, "num_predict": 3},
    )


@each_kind
async def test_anthropic_s_form_over_each_kind(
    api: httpx2.AsyncClient,
    configure: Configure,
    provider: CountingProvider,
    usage: Callable[..., Awaitable[Usage]],
    kind: str,
) -> None:
    await configure("main", kind, provider)
    provider.script(Reply("One two three", input_tokens=9, output_tokens=3))
    request = message(system="Be brief.", stop_sequences=["END"])
    answer = (await api.post("/v1/messages", json=request)).json()
    assert (answer["type"], answer["role"], answer["stop_reason"]) == ("message", "assistant", "end_turn")
    assert answer["content"] == [{"type": "text", "text": "One two three"}]
    assert (answer["usage"]["input_tokens"], answer["usage"]["output_tokens"]) == (9, 3)
    assert (await usage())[0]["output_tokens"] == 3
    sent = provider.calls[0].body
    if kind == "anthropic":
        assert sent == request
    else:
        system = {"role": "system", "content": "Be brief."}
        assert sent["messages"] == [system, {"role": "user", "content": "Hi"}]


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_a_stream_in_the_provider_s_own_form_is_passed_byte_for_byte(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, kind: str
) -> None:
    await configure("main", kind, provider)
    path = "/v1/chat/completions" if kind == "openai" else "/v1/messages"
    body = (
        chat(stream=True, stream_options={"include_usage": True})
        if kind == "openai"
        else message(stream=True)
    )
    provider.otherwise = Reply("Ünïcödé 🙂 and words", tools=[Tool("weather", {"city": "Köln"})])
    async with httpx2.AsyncClient(base_url=provider.url, trust_env=False) as directly:
        expected = (await directly.post(path, json=body)).content
    response = await api.post(path, json=body)
    assert response.content == expected
    assert response.headers["content-type"].startswith("text/event-stream")
    assert provider.calls[0].body == provider.calls[1].body


@each_kind
async def test_a_stream_in_openai_s_form_over_each_kind(
    api: httpx2.AsyncClient,
    configure: Configure,
    provider: CountingProvider,
    usage: Callable[..., Awaitable[Usage]],
    kind: str,
) -> None:
    await configure("main", kind, provider)
    provider.script(Reply("One two three", input_tokens=9, output_tokens=3))
    response = await api.post("/v1/chat/completions", json=chat(stream=True))
    assert openai_text(response.content) == "One two three"
    told = events(response.content)
    assert told[-1] == "[DONE]"
    assert told[-2]["choices"][0]["finish_reason"] == "stop"
    assert not any(chunk.get("usage") for chunk in told[:-1]), "the caller did not ask for it"
    (row,) = await usage()
    assert (row["input_tokens"], row["output_tokens"], row["status"]) == (9, 3, "completed")
    assert row["ttft_ms"] is not None
    assert row["ttft_ms"] <= row["latency_ms"]


@each_kind
async def test_a_stream_tells_its_usage_to_who_asks(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, kind: str
) -> None:
    await configure("main", kind, provider)
    provider.script(Reply("One two three", input_tokens=9, output_tokens=3))
    body = chat(stream=True, stream_options={"include_usage": True})
    told = events((await api.post("/v1/chat/completions", json=body)).content)
    assert told[-2]["choices"] == []
    assert (told[-2]["usage"]["prompt_tokens"], told[-2]["usage"]["completion_tokens"]) == (9, 3)


@each_kind
async def test_a_stream_in_anthropic_s_form_over_each_kind(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, kind: str
) -> None:
    await configure("main", kind, provider)
    tools = [Tool("weather", {"city": "Köln"}, "a"), Tool("weather", {"city": "Bonn"}, "b")]
    provider.script(Reply("Let me look.", tools=tools, input_tokens=9, output_tokens=3))
    response = await api.post("/v1/messages", json=message(stream=True, tools=ANTHROPIC_TOOLS))
    built = anthropic_message(response.content)
    assert built["content"][0]["text"] == "Let me look."
    calls = built["content"][1:]
    assert [call["type"] for call in calls] == ["tool_use", "tool_use"]
    assert [json.loads(call["json"]) for call in calls] == [{"city": "Köln"}, {"city": "Bonn"}]
    assert len({call["id"] for call in calls}) == 2
    assert built["stop_reason"] == "tool_use"
    assert built["usage"]["output_tokens"] == 3


@each_kind
async def test_tool_calls_and_their_results_over_each_kind(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, kind: str
) -> None:
    await configure("main", kind, provider)
    provider.script(Reply("", tools=[Tool("weather", {"city": "Köln"}, "call_7")]), Reply("It rains."))
    first = chat("Weather in Köln?", tools=OPENAI_TOOLS, tool_choice="auto")
    (choice,) = (await api.post("/v1/chat/completions", json=first)).json()["choices"]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert call["type"] == "function"
    assert call["function"]["name"] == "weather"
    assert json.loads(call["function"]["arguments"]) == {"city": "Köln"}
    result = {"role": "tool", "tool_call_id": call["id"], "content": "rain"}
    then = {**first, "messages": [*first["messages"], choice["message"], result]}
    answer = (await api.post("/v1/chat/completions", json=then)).json()
    assert answer["choices"][0]["message"]["content"] == "It rains."
    sent = provider.calls[1].body
    if kind == "openai":
        assert sent["messages"][2] == result
        assert sent["tools"] == OPENAI_TOOLS
    elif kind == "anthropic":
        used = {"type": "tool_use", "id": "call_7", "name": "weather", "input": {"city": "Köln"}}
        assert sent["messages"][1] == {"role": "assistant", "content": [used]}
        told = {"type": "tool_result", "tool_use_id": "call_7", "content": "rain"}
        assert sent["messages"][2] == {"role": "user", "content": [told]}
        assert sent["tools"] == ANTHROPIC_TOOLS
        assert sent["tool_choice"] == {"type": "auto"}
    else:
        assert sent["messages"][1]["tool_calls"] == [
            {"function": {"name": "weather", "arguments": {"city": "Köln"}}}
        ]
        assert sent["messages"][2] == {"role": "tool", "content": "rain", "tool_name": "weather"}
        assert sent["tools"] == OPENAI_TOOLS


@each_kind
async def test_tool_results_in_anthropic_s_form_over_each_kind(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, kind: str
) -> None:
    await configure("main", kind, provider)
    used = {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Köln"}}
    told = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "rain"}]}
    turns = [
        {"role": "user", "content": "Weather in Köln?"},
        {"role": "assistant", "content": [{"type": "text", "text": "I look."}, used]},
        {"role": "user", "content": [told, {"type": "text", "text": "And?"}]},
    ]
    request = message(tools=ANTHROPIC_TOOLS, tool_choice={"type": "any"}, messages=turns)
    assert (await api.post("/v1/messages", json=request)).status_code == 200
    sent = provider.calls[0].body["messages"]
    if kind == "anthropic":
        assert sent == turns
    else:
        assert [turn["role"] for turn in sent] == ["user", "assistant", "tool", "user"]
        assert sent[2]["content"] == "rain"
        assert sent[3]["content"] == "And?"
    if kind == "openai":
        assert provider.calls[0].body["tool_choice"] == "required"
        assert sent[1]["tool_calls"][0]["function"] == {"name": "weather", "arguments": '{"city":"Köln"}'}


@each_kind
async def test_tool_calls_in_a_stream_over_each_kind(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, kind: str
) -> None:
    await configure("main", kind, provider)
    tools = [Tool("weather", {"city": "Köln"}, "a"), Tool("weather", {"city": "Bonn"}, "b")]
    provider.script(Reply("", tools=tools))
    body = chat(stream=True, tools=OPENAI_TOOLS)
    response = await api.post("/v1/chat/completions", json=body)
    calls = openai_calls(response.content)
    assert [call[1:] for call in calls] == [("weather", {"city": "Köln"}), ("weather", {"city": "Bonn"})]
    assert len({call[0] for call in calls}) == 2
    assert events(response.content)[-2]["choices"][0]["finish_reason"] == "tool_calls"


@each_kind
@pytest.mark.parametrize("form", ["openai", "anthropic"])
async def test_a_json_schema_reaches_each_kind_in_its_own_words(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, kind: str, form: str
) -> None:
    await configure("main", kind, provider)
    provider.script(Reply('{"n": 7}'))
    if form == "openai":
        shape = {"type": "json_schema", "json_schema": {"name": "answer", "schema": ANSWER, "strict": True}}
        answer = (await api.post("/v1/chat/completions", json=chat(response_format=shape))).json()
        text = answer["choices"][0]["message"]["content"]
    else:
        config = {"format": {"type": "json_schema", "schema": ANSWER}}
        text = (await api.post("/v1/messages", json=message(output_config=config))).json()["content"][0][
            "text"
        ]
    assert json.loads(text) == {"n": 7}
    sent = provider.calls[0].body
    schema = {
        "openai": lambda: sent["response_format"]["json_schema"]["schema"],
        "anthropic": lambda: sent["output_config"]["format"]["schema"],
        "ollama": lambda: sent["format"],
    }[kind]()
    assert schema == ANSWER


@pytest.mark.parametrize("form", ["openai", "anthropic"])
async def test_a_model_that_cannot_call_tools_says_so(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, form: str
) -> None:
    provider.capabilities = ("completion",)
    await configure("main", "ollama", provider)
    if form == "openai":
        response = await api.post("/v1/chat/completions", json=chat(tools=OPENAI_TOOLS))
    else:
        response = await api.post("/v1/messages", json=message(tools=ANTHROPIC_TOOLS))
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["message"] == "The model small cannot call tools."
    assert (error["code"], error["type"]) == ("E4002", "invalid_request_error")
    assert not provider.calls


@each_kind
async def test_images_reach_each_kind(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, kind: str
) -> None:
    provider.capabilities = ("completion", "vision")
    await configure("main", kind, provider)
    source = {"type": "base64", "media_type": "image/png", "data": "aGk="}
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image", "source": source}]
    turns = [{"role": "user", "content": parts}]
    assert (await api.post("/v1/messages", json=message(messages=turns))).status_code == 200
    url = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    turns = [{"role": "user", "content": [parts[0], url]}]
    assert (await api.post("/v1/chat/completions", json=chat(messages=turns))).status_code == 200
    for call in provider.calls:
        sent = call.body["messages"][0]
        if kind == "ollama":
            assert (sent["content"], sent["images"]) == ("What is it?", ["aGk="])
        elif kind == "anthropic":
            assert sent["content"][1]["source"] == source
        else:
            assert sent["content"][1] == url


async def test_embeddings_over_openai_and_ollama(
    api: httpx2.AsyncClient,
    configure: Configure,
    provider: CountingProvider,
    usage: Callable[..., Awaitable[Usage]],
) -> None:
    provider.capabilities = ("embedding",)
    for name, kind in (("one", "openai"), ("two", "ollama")):
        await configure(name, kind, provider)
        provider.script(Reply(vectors=[[0.5, 0.25], [1.0, 2.0]], input_tokens=4))
        body = {"model": f"{name}/small", "input": ["a", "b"]}
        answer = (await api.post("/v1/embeddings", json=body)).json()
        assert [item["embedding"] for item in answer["data"]] == [[0.5, 0.25], [1.0, 2.0]]
        assert answer["usage"] == {"prompt_tokens": 4, "total_tokens": 4}
    rows = await usage(2)
    assert [(row["model_provider"], row["input_tokens"], row["output_tokens"]) for row in rows] == [
        ("one", 4, 0),
        ("two", 4, 0),
    ]
    provider.script(Reply(vectors=[[0.5, 0.25]]))
    body = {"model": "two/small", "input": "a", "encoding_format": "base64"}
    answer = (await api.post("/v1/embeddings", json=body)).json()
    assert answer["data"][0]["embedding"] == "AAAAPwAAgD4="


async def test_a_provider_without_embeddings_says_so(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider
) -> None:
    await configure("main", "anthropic", provider)
    response = await api.post("/v1/embeddings", json={"model": "small", "input": "a"})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "E4002")
    assert response.json()["error"]["message"] == "The model small makes no embeddings."


async def test_the_models_are_listed_for_either_client(
    api: httpx2.AsyncClient, openai: CountingProvider, configure: Configure, other: CountingProvider
) -> None:
    other.models = ("small", "lone")
    await configure("second", "ollama", other, order=200)
    items = (await api.get("/v1/models")).json()["data"]
    assert [(item["id"], item["owned_by"], item["providers"]) for item in items] == [
        ("small", "main", ["main", "second"]),
        ("large", "main", ["main"]),
        ("lone", "second", ["second"]),
    ]
    assert items[2]["context_length"] == 8192
    assert (await api.get("/v1/models/lone")).json() == items[2]
    assert (await api.get("/v1/models/second/lone")).json() == items[2]
    missing = await api.get("/v1/models/nobody")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "E4001")
    listed = (await api.get("/v1/models", headers={"anthropic-version": "2023-06-01"})).json()
    assert [item["id"] for item in listed["data"]] == ["small", "large", "lone"]
    assert (listed["has_more"], listed["first_id"]) == (False, "small")


async def test_usage_is_booked_on_who_the_caller_says(
    api: httpx2.AsyncClient,
    openai: CountingProvider,
    l01_local: Any,
    usage: Callable[..., Awaitable[Usage]],
) -> None:
    agent = await l01_local.create_agent("one")
    assert (
        await api.post("/v1/chat/completions", json=chat(), headers={"X-Agent-Id": agent["id"]})
    ).status_code == 200
    (row,) = await usage()
    assert row["agent_id"] == agent["id"]
    (key,) = [record async for record in l01_local.keys.all()]
    assert row["key_id"] == key["id"]
    nobody = {"X-Agent-Id": "01a20325-92b7-72c8-a565-dd334b91464a"}
    assert (await api.post("/v1/chat/completions", json=chat(), headers=nobody)).status_code == 200
    assert (await usage(2))[1]["agent_id"] is None
    refused = await api.post("/v1/chat/completions", json=chat(), headers={"X-Agent-Id": "me"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (422, "x-agent-id")
