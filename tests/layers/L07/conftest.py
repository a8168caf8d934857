"""A running learning layer over real layers below it, whose models are a scripted provider on loopback."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.jobs import Jobs
from agentic.layers.L03_tool_execution.client import L03Client
from agentic.layers.L06_evaluation.layer import Evaluation
from agentic.layers.L07_learning.client import L07Client
from agentic.layers.L07_learning.layer import Learning
from agentic.layers.L07_learning.settings import L07Settings
from tests.kit.http import served
from tests.layers.L02.conftest import Tools, tools
from tests.layers.L06.conftest import EAGER, context, l06_settings, layer, model, provider

__all__ = ["context", "l06_settings", "layer", "model", "provider", "tools"]


@pytest.fixture
async def learning(context: Context, layer: Evaluation, tmp_path: Path) -> AsyncGenerator[Learning]:
    context.give(layer.local_client())
    learning = Learning(context, L07Settings(exports_dir=tmp_path / "exports"), Jobs("L07", context, EAGER))
    async with learning.running():
        yield learning


@pytest.fixture
async def l07(learning: Learning) -> L07Client:
    return learning.local_client()


@pytest.fixture
async def l07_http(learning: Learning) -> AsyncGenerator[L07Client]:
    async with served(learning.app()) as url:
        yield L07Client(url)


@pytest.fixture
async def alone_layer(l01_local: L01Client, tools: Tools, tmp_path: Path) -> AsyncGenerator[Learning]:
    """The layer over the data layer alone: enough for feedback and exports, and quick."""
    context = Context()
    context.give(l01_local)
    context._clients[L03Client] = tools  # pyright: ignore[reportPrivateUsage]
    learning = Learning(context, L07Settings(exports_dir=tmp_path / "exports"), Jobs("L07", context, EAGER))
    async with learning.running():
        yield learning


@pytest.fixture
async def alone(alone_layer: Learning) -> L07Client:
    return alone_layer.local_client()


@pytest.fixture
async def alone_http(alone_layer: Learning) -> AsyncGenerator[L07Client]:
    async with served(alone_layer.app()) as url:
        yield L07Client(url)
