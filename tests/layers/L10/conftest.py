"""Clients of a human interface."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import httpx2
import pytest


@pytest.fixture
async def browser(url: str) -> AsyncGenerator[httpx2.AsyncClient]:
    """What asks for pages as a browser does; redirects are looked at, not followed."""
    async with httpx2.AsyncClient(base_url=url, headers={"Accept": "text/html"}, trust_env=False) as client:
        yield client
