"""Providers as data: configured anywhere, heard at once, checked, and asked which models they have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L04_model_gateway.layer import ModelGateway
from agentic.layers.L04_model_gateway.models import ALIASES, PROVIDERS
from agentic.layers.L04_model_gateway.settings import L04Settings
from tests.kit.providers import CountingProvider, Reply
from tests.layers.L04.conftest import Configure, base_url, chat

pytestmark = pytest.mark.anyio
CHAT = "/v1/chat/completions"


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.005)


async def answering(api: httpx2.AsyncClient, **fields: Any) -> str:
    response = await api.post(CHAT, json=chat(**fields))
    assert response.status_code == 200, response.text
    return f"{response.headers['x-model-provider']}/{response.headers['x-model']}"


async def test_a_change_of_configuration_is_heard(
    api: httpx2.AsyncClient, layer: ModelGateway, provider: CountingProvider, l01_local: L01Client
) -> None:
    value = {"kind": "openai", "base_url": base_url("openai", provider), "paid": False}
    await l01_local.config.set(PROVIDERS, "main", value)
    await until(lambda: "main" in layer.catalogue.entries)
    assert await answering(api) == "main/small", "its models are looked for when they are asked for"
    await l01_local.config.set(PROVIDERS, "main", {**value, "enabled": False})
    await until(lambda: not layer.catalogue.entry("main").provider.setting.enabled)
    assert (await api.post(CHAT, json=chat())).status_code == 404
    await l01_local.config.restore(PROVIDERS, "main", 1)
    await until(lambda: layer.catalogue.entry("main").provider.setting.enabled)
    assert await answering(api) == "main/small"
    await l01_local.config.delete(PROVIDERS, "main")
    await until(lambda: "main" not in layer.catalogue.entries)
    assert (await api.post(CHAT, json=chat())).status_code == 404


async def test_a_key_itself_is_refused_and_never_shown(
    api: httpx2.AsyncClient, layer: ModelGateway, l01_local: L01Client
) -> None:
    secret = "sk-very-secret"
    response = await api.put("/providers/bad", json={"kind": "openai", "key": secret})
    assert response.status_code == 422
    assert "key" in response.json()["errors"][0]["field"]
    assert secret not in response.text
    await l01_local.config.set(PROVIDERS, "bad", {"kind": "openai", "key": secret})
    await until(lambda: layer.catalogue.invalid)
    told = (await api.get("/providers")).text
    assert secret not in told
    (wrong,) = [each for each in (await api.get("/providers")).json()["items"] if each["name"] == "bad"]
    assert (wrong["status"], wrong["enabled"]) == ("invalid", False)
    assert "env:" in wrong["detail"]
    assert (await layer.health())["checks"]["providers"]["status"] == "degraded"


@pytest.mark.parametrize(
    "value",
    [
        {"kind": "nothing"},
        {"kind": "openai", "base_url": "ftp://x"},
        {"kind": "openai", "base_url": "http://user:pass@host"},
        {"kind": "openai", "order": "first"},
        {"kind": "openai", "unknown": 1},
        {"kind": "openai", "concurrency": 0},
        {"kind": "openai", "models": {"a": {"prices": {"input": -1, "output": 1}}}},
        [],
        None,
    ],
)
async def test_what_describes_no_provider_is_refused(api: httpx2.AsyncClient, value: Any) -> None:
    response = await api.put("/providers/bad", json=value)
    assert response.status_code == 422, response.text
    assert (await api.get("/providers/bad")).status_code == 404


async def test_a_provider_is_set_shown_discovered_and_deleted(
    api: httpx2.AsyncClient, provider: CountingProvider, l01_local: L01Client
) -> None:
    body = {"kind": "ollama", "base_url": provider.url, "order": 5}
    assert (await api.put("/providers/mine", json=body)).status_code == 200
    provider.models = ("new",)
    found = (await api.post("/providers/mine/discover")).json()
    assert (found["status"], [model["id"] for model in found["models"]]) == ("ok", ["new"])
    assert found["models"][0]["context_length"] == 8192
    assert (found["models"][0]["tools"], found["models"][0]["vision"]) == (True, False)
    assert (await api.get("/providers/mine")).json() == found
    assert (await l01_local.config.get(PROVIDERS, "mine"))["value"] == body
    assert (await api.delete("/providers/mine")).status_code == 204
    assert (await api.get("/providers/mine")).status_code == 404
    assert (await api.delete("/providers/mine")).status_code == 404


async def test_a_provider_that_is_not_there_is_said_so(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider, layer: ModelGateway
) -> None:
    await configure("main", "openai", provider)
    await provider.stop()
    found = (await api.post("/providers/main/discover")).json()
    assert found["status"] == "unreachable"
    assert "cannot be reached" in found["detail"]
    assert [model["id"] for model in found["models"]] == ["small", "large"], "it may come back"
    assert (await layer.health())["checks"]["providers"]["status"] == "degraded"
    await provider.start()
    assert (await api.post("/providers/main/discover")).json()["status"] == "ok"
    assert (await layer.health())["status"] == "ok"


class TestOllamaByDefault:
    """Ollama is found on this machine without any configuration."""

    @pytest.fixture
    def l04_settings(self, l04_settings: L04Settings, provider: CountingProvider) -> L04Settings:
        return l04_settings.model_copy(update={"ollama_url": provider.url})

    async def test_it_is_there(self, api: httpx2.AsyncClient, provider: CountingProvider) -> None:
        assert await answering(api) == "ollama/small"
        assert provider.calls[0].path == "/api/chat"

    async def test_a_model_that_was_just_pulled_is_found(
        self, api: httpx2.AsyncClient, provider: CountingProvider, layer: ModelGateway
    ) -> None:
        await until(lambda: layer.catalogue.entry("ollama").status == "ok")
        provider.models = ("small", "pulled")
        assert await answering(api, model="pulled") == "ollama/pulled"

    async def test_it_can_be_switched_off(self, api: httpx2.AsyncClient, provider: CountingProvider) -> None:
        assert (
            await api.put("/providers/ollama", json={"kind": "ollama", "enabled": False})
        ).status_code == 200
        assert (await api.post(CHAT, json=chat())).status_code == 404


async def test_routing_by_name_provider_order_and_alias(
    api: httpx2.AsyncClient,
    configure: Configure,
    layer: ModelGateway,
    provider: CountingProvider,
    other: CountingProvider,
    l01_local: L01Client,
) -> None:
    provider.models, other.models = ("small", "team/large"), ("small", "tiny")
    await configure("one", "openai", provider, order=2)
    await configure("two", "ollama", other, order=1)
    assert await answering(api) == "two/small"
    assert await answering(api, model="one/small") == "one/small"
    assert await answering(api, model="tiny") == "two/tiny"
    assert await answering(api, model="team/large") == "one/team/large"
    assert await answering(api, model="one/team/large") == "one/team/large"
    assert (await api.post(CHAT, json=chat(model="one/tiny"))).status_code == 404
    await l01_local.config.set(ALIASES, "smart", {"models": ["team/large", "tiny"]})
    await until(lambda: "smart" in layer.catalogue.aliases)
    assert await answering(api, model="smart") == "one/team/large"
    assert provider.calls[-1].body["model"] == "team/large"
    assert next(item["id"] for item in (await api.get("/v1/models")).json()["data"]) == "smart"
    await provider.stop()
    assert await answering(api, model="smart") == "two/tiny"


async def test_routing_by_capability_cost_and_latency(
    api: httpx2.AsyncClient,
    configure: Configure,
    provider: CountingProvider,
    other: CountingProvider,
) -> None:
    provider.models, other.models = ("plain",), ("able",)
    dear, cheap = {"input": 10, "output": 10}, {"input": 1, "output": 1}
    await configure("one", "openai", provider, order=1, models={"plain": {"tools": False, "prices": dear}})
    await configure("two", "openai", other, order=2, models={"able": {"prices": cheap}})
    tools = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
    assert await answering(api, model="auto") == "one/plain"
    assert await answering(api, model="auto", tools=tools) == "two/able"
    assert await answering(api, model="cheapest") == "two/able"
    provider.otherwise, other.otherwise = Reply(delay=0), Reply(delay=0.2)
    for model in ("plain", "able") * 3:
        await answering(api, model=model)
    assert await answering(api, model="fastest") == "one/plain"


async def test_a_provider_without_a_list_of_models_is_asked_by_its_name(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider
) -> None:
    await configure("main", "openai", provider, discover=False)
    assert await answering(api, model="main/whatever") == "main/whatever"
    assert not provider.lookups


async def test_options_headers_and_concurrency_of_a_provider(
    api: httpx2.AsyncClient, configure: Configure, provider: CountingProvider
) -> None:
    await configure(
        "main",
        "ollama",
        provider,
        options={"num_ctx": 16384, "seed": 1},
        headers={"x-team": "a"},
        concurrency=1,
    )
    most, now = 0, 0

    def reply(_: Any) -> Reply:
        nonlocal most
        most = max(most, len(provider.calls) - provider.answered)
        return Reply(delay=0.02)

    provider.otherwise = reply
    await asyncio.gather(*(api.post(CHAT, json=chat(seed=7)) for _ in range(5)))
    assert (most, now) == (1, 0)
    assert provider.calls[0].body["options"] == {"num_ctx": 16384, "seed": 7}
    assert provider.calls[0].headers["x-team"] == "a"


async def test_the_document_knows_the_routes(api: httpx2.AsyncClient) -> None:
    paths = (await api.get("/openapi.json")).json()["paths"]
    assert {"/v1/chat/completions", "/v1/messages", "/v1/embeddings", "/v1/models", "/providers"} <= set(
        paths
    )
