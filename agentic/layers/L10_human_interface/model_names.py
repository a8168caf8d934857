"""The models that there are, as forms suggest them: a hint, which a form does without when there is no gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from agentic.layers.base.errors import PlatformError
from agentic.layers.L04_model_gateway.client import L04Client
from agentic.layers.L10_human_interface.layer_health import LayerMonitor
from agentic.layers.L10_human_interface.remembered import Remembered

LAYER: Final = "L04"
FRESH: Final = 30.0
PATIENCE: Final = 1.0
"""Seconds that a page waits for the names: the gateway may have to ask providers that do not answer."""


class ModelNames:
    """The names that a call may be sent to."""

    def __init__(self, client: Callable[[], L04Client], monitor: LayerMonitor) -> None:
        self._client = client
        self._monitor = monitor
        self._names = Remembered(self._ask, FRESH)

    async def __call__(self) -> list[str]:
        """The names in their order; none when they are not to be had soon."""
        if await self._monitor.status_of(LAYER) in (None, "unreachable", "down"):
            return []
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._names()
        except (PlatformError, TimeoutError):
            return []

    async def _ask(self) -> list[str]:
        models = [model["id"] for model in await self._client().models() if not model["embeddings"]]
        return list(dict.fromkeys(models))
