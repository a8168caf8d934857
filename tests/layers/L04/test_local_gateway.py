"""The local model through the gateway, as agents and any client library ask it: found, answered, counted, free, stopped."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import jsonschema
import pytest

from agentic.layers.base.layer import Context
from agentic.layers.base.operation import Call
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L04_model_gateway.cassettes import CassetteBackend, Player, Recorder
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L04_model_gateway.layer import ModelGateway
from agentic.layers.L04_model_gateway.local_model import weights
from agentic.layers.L04_model_gateway.models import LIST_PROVIDERS, ProviderSetting
from agentic.layers.L04_model_gateway.providers.local import LocalProvider
from agentic.layers.L04_model_gateway.reachable import reachable
from agentic.layers.L04_model_gateway.settings import L04Settings
from tests.kit.http import served
from tests.kit.local_model import lives, require_local_model
from tests.kit.providers import CountingProvider
from tests.layers.L04.test_local_model import CALCULATOR, HELLO, SUM

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    require_local_model()


@pytest.fixture
async def layer(l01_local: L01Client, redis_url: str) -> AsyncGenerator[ModelGateway]:
    """A gateway with its defaults only: nothing is configured, and no Ollama is looked for elsewhere."""
    context = Context()
    context.give(l01_local)
    layer = ModelGateway(context, L04Settings(redis_url=redis_url, ollama_url="http://127.0.0.1:1"))
    async with layer.running():
        yield layer


@pytest.fixture
def l04(layer: ModelGateway) -> L04Client:
    return layer.local_client()


def pid_of(layer: ModelGateway) -> int | None:
    provider = layer.catalogue.entries["local"].provider
    assert isinstance(provider, LocalProvider)
    return provider.process.pid


async def test_it_is_there_without_configuration_and_starts_with_the_first_request(
    layer: ModelGateway, l04: L04Client
) -> None:
    await layer.catalogue.discover_all()
    first = reachable(await l04.providers())[0]
    assert first.name == f"local/{weights.NAME}" and "for plumbing, demos and tests" in first.note
    assert pid_of(layer) is None

    heard: list[str] = []
    reply = await l04.complete(
        {"model": weights.NAME, "messages": HELLO, "max_tokens": 12, "temperature": 0}, on_text=heard.append
    )
    assert "".join(heard) == reply.message["content"] and reply.provider == "local"
    assert 0 < reply.usage["output_tokens"] <= 12 and reply.usage["input_tokens"] > 0
    assert reply.usage["cost"] == 0 and reply.usage["cost_known"]
    assert pid_of(layer) is not None


async def test_any_model_means_it_only_where_there_is_no_other(layer: ModelGateway, l04: L04Client) -> None:
    request = {"model": "cheapest", "messages": HELLO, "max_tokens": 1}
    assert (await l04.complete(request)).provider == "local"
    async with CountingProvider() as other:
        setting = ProviderSetting(kind="openai", base_url=f"{other.url}/v1", paid=True)
        await layer.catalogue.look(await layer.catalogue.set("other", setting))
        for name in ("auto", "cheapest", "fastest"):
            assert (await l04.complete({**request, "model": name})).provider == "other"


async def test_it_ends_with_the_layer(l01_local: L01Client, redis_url: str) -> None:
    context = Context()
    context.give(l01_local)
    layer = ModelGateway(context, L04Settings(redis_url=redis_url, ollama_url="http://127.0.0.1:1"))
    async with layer.running():
        request = {"model": f"local/{weights.NAME}", "messages": HELLO, "max_tokens": 1}
        await layer.local_client().complete(request)
        pid = pid_of(layer)
        assert lives(pid)
    assert not lives(pid)


async def test_a_client_library_gets_its_stream_and_its_tool_calls(layer: ModelGateway) -> None:
    key = {"authorization": "Bearer test-key-12345678901234567890123456789012"}
    body = {"model": weights.NAME, "messages": SUM, "tools": [CALCULATOR], "tool_choice": "required"}
    body |= {"max_tokens": 60, "temperature": 0}
    async with (
        served(layer.app()) as url,
        httpx2.AsyncClient(base_url=url, headers=key, trust_env=False, timeout=60) as client,
    ):
        whole = await client.post("/v1/chat/completions", json=body)
        assert whole.status_code == 200, whole.text
        (called,) = whole.json()["choices"][0]["message"]["tool_calls"]
        streamed = await client.post("/v1/chat/completions", json={**body, "stream": True})
    schema = CALCULATOR["function"]["parameters"]
    jsonschema.validate(json.loads(called["function"]["arguments"]), schema)
    chunks = [json.loads(line[6:]) for line in streamed.text.splitlines() if line.startswith("data: {")]
    deltas = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
    pieces = [call for delta in deltas for call in delta["delta"].get("tool_calls") or ()]
    assert pieces[0]["function"]["name"] == "calculator"
    jsonschema.validate(json.loads("".join(piece["function"]["arguments"] for piece in pieces)), schema)
    assert [delta["finish_reason"] for delta in deltas if delta.get("finish_reason")] == ["tool_calls"]


async def test_what_it_said_is_said_again_from_a_cassette(l04: L04Client, tmp_path: Path) -> None:
    path = tmp_path / "hello.cassette"
    request = {"model": weights.NAME, "messages": HELLO, "max_tokens": 12}
    live: list[str] = []
    with Recorder(path) as recorder:
        recorded = L04Client(backend=CassetteBackend(recorder, l04.backend))
        first = await recorded.complete(request, on_text=live.append)
        assert await recorded.backend.call(LIST_PROVIDERS, Call())
    again: list[str] = []
    player = Player.of(path)
    replayed = await L04Client(backend=CassetteBackend(player)).complete(request, on_text=again.append)
    assert again == live and replayed == first._replace(usage_id=None)
    player.finish()
