"""The tools that come with the platform."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L03_tool_execution.builtin import calculator, pauses
from agentic.layers.L03_tool_execution.builtin.documents import Documents
from agentic.layers.L03_tool_execution.builtin.files import Files
from agentic.layers.L03_tool_execution.builtin.sandbox import Sandbox
from agentic.layers.L03_tool_execution.builtin.web import Web
from agentic.layers.L03_tool_execution.functions import tool_of
from agentic.layers.L03_tool_execution.outgoing import Outgoing
from agentic.layers.L03_tool_execution.settings import L03Settings
from agentic.layers.L03_tool_execution.tool import Tool


def builtin_tools(
    client: Callable[[], L01Client],
    outgoing: Outgoing,
    sandbox: Sandbox,
    files: Path | None,
    settings: L03Settings,
) -> list[Tool]:
    """All of them."""
    computing = tool_of(calculator.calculator)
    assert computing is not None
    return [
        *Web(outgoing).tools(),
        *Documents(client).tools(),
        *Files(files, settings).tools(),
        computing,
        *sandbox.tools(),
        *pauses.tools(),
    ]
