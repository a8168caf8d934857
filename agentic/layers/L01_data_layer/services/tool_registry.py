"""Tools."""

from __future__ import annotations

from agentic.layers.L01_data_layer.models.tool import TOOLS, Tool
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.tool import TOOLS as TOOLS_TABLE


class ToolRegistry(ResourceService[Tool]):
    """The tools that agents may call."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, TOOLS, TOOLS_TABLE)
