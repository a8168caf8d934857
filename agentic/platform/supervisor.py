"""The layers in one process: built in the order of their needs, started one after the other, stopped in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import structlog

from agentic.layers.base.app import LayerApp
from agentic.layers.base.layer import Context, Layer
from agentic.platform.command_error import CommandError

log = structlog.get_logger()

CLOSE_LIMIT: Final = 1.5
"""Seconds that all layers together have for closing what they opened."""


class LayerStartError(CommandError):
    """A layer did not start; `__cause__` says why."""

    def __init__(self, layer: Layer, error: Exception) -> None:
        self.layer = layer
        reason = f" ({error.__cause__})" if error.__cause__ else ""
        super().__init__(f"{layer.id} ({layer.title}) did not start: {error}{reason}")


class Supervisor:
    """The layers of this process. `classes` are in the order of their needs (`catalogue.in_order`)."""

    def __init__(self, classes: Iterable[type[Layer]], context: Context) -> None:
        self.context = context
        self.layers: dict[str, Layer] = {}
        for cls in classes:
            layer = self.layers[cls.id] = cls(context)
            context.health_checks[cls.id] = layer.health
            if (client := layer.local_client()) is not None:
                context.give(client)  # before the layers above are made, which may ask for it at once
        self.apps: dict[str, LayerApp] = {layer_id: layer.app() for layer_id, layer in self.layers.items()}

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """All layers, for as long as the block lasts.

        Raises:
            LayerStartError: one did not start; those before it are stopped again.
        """
        stack = AsyncExitStack()
        try:
            for layer in self.layers.values():
                await self._start(layer, stack)
            yield
        finally:
            await _close(stack)

    async def _start(self, layer: Layer, stack: AsyncExitStack) -> None:
        try:
            await stack.enter_async_context(layer.running())
        except Exception as error:
            raise LayerStartError(layer, error) from error
        log.info("layer started", layer=layer.id, title=layer.title)


async def _close(stack: AsyncExitStack) -> None:
    """Stops in reverse. What hangs is cut off, what fails is logged, and those below it are closed all the same."""
    try:
        async with asyncio.timeout(CLOSE_LIMIT):
            await stack.aclose()
    except TimeoutError:
        log.error("the layers did not close in time", limit=CLOSE_LIMIT)
    except Exception as error:
        log.error("a layer did not close in order", exc_info=error)
