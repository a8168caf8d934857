"""A tool layer over a running data layer, and what its tests look at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L03_tool_execution.layer import ToolExecution
from agentic.layers.L03_tool_execution.settings import L03Settings

PATIENCE = 20.0

EAGER = L03Settings(first_pause=0, outgoing_allow=["127.0.0.1"], sandbox_seconds=2, breaker_pause=3600)


async def eventually(true: Callable[[], Any]) -> None:
    """Returns when it is: for what can only be looked at."""
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def tool_layer(l01: L01Client, folder: Path, **settings: Any) -> AsyncGenerator[ToolExecution]:
    """A running layer; another one over the same data layer is what a restart finds."""
    context = Context(data_dir=folder)
    context.give(l01)
    layer = ToolExecution(context, EAGER.model_copy(update=settings))
    async with layer.running():
        yield layer


@pytest.fixture
async def layer(l01_local: L01Client, tmp_path: Path) -> AsyncGenerator[ToolExecution]:
    """A tool layer that tries again without pauses, and may ask servers of this machine."""
    async with tool_layer(l01_local, tmp_path) as running:
        yield running


@pytest.fixture
def l03(layer: ToolExecution) -> L03Client:
    """A client of the layer in this process."""
    return layer.local_client()
