"""Asks layers in other processes how they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import httpx2

from agentic.layers.base.backends import pooled
from agentic.layers.base.layer import Health

LIMIT: Final = 5.0
"""Seconds; a layer itself answers within three."""
_SAID: Final = (200, 503)


def health_check(layer_id: str, url: str) -> Callable[[], Awaitable[Health]]:
    """How to ask the layer at an address for its health; one that does not answer is down."""

    async def ask() -> Health:
        client = await pooled(url)
        try:
            response = await client.get("/health/ready", timeout=LIMIT)
            if response.status_code in _SAID:
                return response.json()
            detail = f"{url} answers {response.status_code}"
        except (httpx2.HTTPError, ValueError) as error:
            detail = f"{url} does not answer: {error!r}"
        return {"status": "down", "layer": layer_id, "checks": {"http": {"status": "down", "detail": detail}}}

    return ask
