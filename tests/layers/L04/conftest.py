"""A running model gateway over a running data layer, providers of each kind on loopback, and ways to ask it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import httpx2
import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L04_model_gateway.layer import ModelGateway
from agentic.layers.L04_model_gateway.models import ProviderSetting
from agentic.layers.L04_model_gateway.settings import L04Settings
from agentic.layers.L09_api_gateway.keys import create_key
from tests.kit.http import served
from tests.kit.providers import CountingProvider

KINDS = ("openai", "anthropic", "ollama")
Configure = Callable[..., Awaitable[None]]
Usage = list[dict[str, Any]]


@pytest.fixture
async def provider() -> AsyncGenerator[CountingProvider]:
    """A provider, whatever it is asked in."""
    async with CountingProvider() as provider:
        yield provider


@pytest.fixture
async def other() -> AsyncGenerator[CountingProvider]:
    """Another one."""
    async with CountingProvider() as provider:
        yield provider


@pytest.fixture
def l04_settings(redis_url: str, provider: CountingProvider) -> L04Settings:
    """No pauses between attempts. Ollama is looked for where nobody is, unless a test says otherwise; no local model."""
    return L04Settings(
        redis_url=redis_url,
        ollama_url="http://127.0.0.1:9",
        local_model=False,
        attempts=2,
        first_pause=0,
        longest_pause=5,
        key_memory=60,
    )


@pytest.fixture
async def layer(l01_local: L01Client, l04_settings: L04Settings) -> AsyncGenerator[ModelGateway]:
    """A running gateway."""
    context = Context()
    context.give(l01_local)
    layer = ModelGateway(context, l04_settings)
    async with layer.running():
        yield layer


@pytest.fixture
async def l04_url(layer: ModelGateway) -> AsyncGenerator[str]:
    """Where it answers."""
    async with served(layer.app()) as url:
        yield url


@pytest.fixture
async def api(l04_url: str, l01_local: L01Client) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client with a key."""
    key = (await create_key(l01_local, "a client")).key
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=l04_url, headers=headers, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(params=["local", "http"])
async def l04(request: pytest.FixtureRequest, layer: ModelGateway) -> AsyncGenerator[L04Client]:
    """A client of the layers above, once over each backend."""
    if request.param == "local":
        yield layer.local_client()
    else:
        async with served(layer.app()) as url:
            yield L04Client(url)


def base_url(kind: str, provider: CountingProvider) -> str:
    """Where a provider of this kind has its API."""
    return f"{provider.url}/v1" if kind == "openai" else provider.url


@pytest.fixture
def configure(layer: ModelGateway) -> Configure:
    """Configures a provider, and asks it which models it has."""

    async def configure(name: str, kind: str, provider: CountingProvider, **fields: Any) -> None:
        fields.setdefault("paid", False)
        setting = ProviderSetting(kind=kind, base_url=base_url(kind, provider), **fields)
        entry = await layer.catalogue.set(name, setting)
        await layer.catalogue.look(entry)

    return configure


@pytest.fixture
async def openai(configure: Configure, provider: CountingProvider) -> CountingProvider:
    """A provider that speaks OpenAI's form, configured under the name `main`."""
    await configure("main", "openai", provider)
    return provider


@pytest.fixture
def usage(layer: ModelGateway, l01_local: L01Client) -> Callable[..., Awaitable[Usage]]:
    """The rows of usage, oldest first, once there are so many of them and nothing waits to be written."""

    async def usage(count: int = 1) -> Usage:
        while True:
            rows = (await l01_local.usage.list(order="asc"))["items"]
            if len(rows) >= count and layer.usage.backlog == 0:
                return [dict(row) for row in rows]

    return usage


def chat(text: str = "Hi", **fields: Any) -> dict[str, Any]:
    """A request in OpenAI's form."""
    return {"model": "small", "messages": [{"role": "user", "content": text}], **fields}
