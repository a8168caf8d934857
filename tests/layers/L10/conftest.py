"""A human interface over a running data layer, on a real port, and clients of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import httpx2
import pytest

from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L10_human_interface.layer import HumanInterface
from tests.kit.http import served
from tests.kit.interface import interface_over


@pytest.fixture
async def interface(data_layer: DataLayer) -> AsyncGenerator[HumanInterface]:
    """A running human interface."""
    async with interface_over(data_layer) as layer:
        yield layer


@pytest.fixture
async def url(interface: HumanInterface) -> AsyncGenerator[str]:
    """Its address."""
    async with served(interface.app()) as address:
        yield address


@pytest.fixture
async def browser(url: str) -> AsyncGenerator[httpx2.AsyncClient]:
    """What asks for pages as a browser does; redirects are looked at, not followed."""
    async with httpx2.AsyncClient(base_url=url, headers={"Accept": "text/html"}, trust_env=False) as client:
        yield client
