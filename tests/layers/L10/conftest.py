"""Clients of a human interface."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import httpx2
import pytest

from tests.layers.L05.conftest import context, models, stage, workshop

__all__ = ["context", "models", "stage", "workshop"]
# Fixtures of the planning layer, for pages that stand beside a real one.


@pytest.fixture
async def browser(url: str) -> AsyncGenerator[httpx2.AsyncClient]:
    """What asks for pages as a browser does; redirects are looked at, not followed."""
    async with httpx2.AsyncClient(base_url=url, headers={"Accept": "text/html"}, trust_env=False) as client:
        yield client
