"""A running gateway over a running data layer, on a real port, and ways to ask it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import httpx2
import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L09_api_gateway.keys import create_key
from agentic.layers.L09_api_gateway.layer import ApiGateway
from agentic.layers.L09_api_gateway.settings import L09Settings
from tests.kit.http import served


@pytest.fixture
def context(l01_local: L01Client) -> Context:
    """A process that listens on loopback only, with the data layer in it."""
    context = Context()
    context.give(l01_local)
    return context


@pytest.fixture
async def gateway(context: Context) -> AsyncGenerator[ApiGateway]:
    """A running gateway. What it remembers of a key lasts longer than any test: only events make it forget."""
    layer = ApiGateway(context, L09Settings(key_memory=60))
    async with layer.running():
        yield layer


@pytest.fixture
async def anonymous(gateway: ApiGateway) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client without a key."""
    async with (
        served(gateway.app()) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False) as client,
    ):
        yield client


@pytest.fixture
async def api(anonymous: httpx2.AsyncClient, l01_local: L01Client) -> httpx2.AsyncClient:
    """A client with a key that may read and write."""
    anonymous.headers["X-API-Key"] = (await create_key(l01_local, "a client")).key
    return anonymous
