"""The API reference needs nothing from elsewhere."""

from __future__ import annotations

import re

import httpx2
import pytest

from agentic.layers.base.app import LayerApp

pytestmark = pytest.mark.anyio


async def test_the_reference_and_all_that_it_loads_are_our_own() -> None:
    transport = httpx2.ASGITransport(app=LayerApp("A layer"))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        page = await http.get("/docs")
        assert page.status_code == 200
        addresses = re.findall(r'(?:src|href|data-openapi)="([^"]+)"', page.text)
        assert addresses
        for address in addresses:
            assert address.startswith("/"), address
            assert (await http.get(address)).status_code == 200, address
