"""How much the models take: asked of the gateway, remembered for a while."""

from __future__ import annotations

import asyncio
from typing import Final

from agentic.layers.base.errors import PlatformError
from agentic.layers.L04_model_gateway.client import L04Client

REMEMBERED: Final = 60.0


class ContextLengths:
    """The context of each model, by its name alone and by `provider/name`."""

    def __init__(self, l04: L04Client, otherwise: int) -> None:
        self._l04 = l04
        self._otherwise = otherwise
        self._known: dict[str, int] = {}
        self._until = 0.0
        self._asking = asyncio.Lock()

    async def of(self, model: str | None) -> int:
        """The tokens that a model takes; the setting's, when nobody knows."""
        clock = asyncio.get_running_loop().time
        if clock() > self._until:
            async with self._asking:
                if clock() > self._until:
                    await self._ask()
                    self._until = clock() + REMEMBERED
        return self._known.get(model or "", self._otherwise)

    async def _ask(self) -> None:
        try:
            models = await self._l04.models()
        except PlatformError:
            return  # the call itself will say what is wrong
        for model in reversed(models):  # of models with one name, the first is asked first
            if model["context_length"]:
                self._known[model["id"]] = model["context_length"]
                self._known[f"{model['provider']}/{model['id']}"] = model["context_length"]
