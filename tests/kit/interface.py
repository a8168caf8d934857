"""A running human interface over a running data layer."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L10_human_interface.layer import HumanInterface
from agentic.layers.L10_human_interface.settings import L10Settings


@asynccontextmanager
async def interface_over(
    data_layer: DataLayer, settings: L10Settings | None = None
) -> AsyncGenerator[HumanInterface]:
    """The interface as the supervisor runs it beside the data layer; it follows the log when the block begins."""
    context = Context()
    context.give(L01Client(backend=data_layer.backend))
    layer = HumanInterface(context, settings or L10Settings())
    context.health_checks.update({"L01": data_layer.health, "L10": layer.health})
    async with layer.running():
        await layer.hub.started.wait()
        yield layer
