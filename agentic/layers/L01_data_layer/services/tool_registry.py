"""Tools and the log of their executions."""

from __future__ import annotations

from agentic.layers.L01_data_layer.models.tool import TOOL_EXECUTIONS, TOOLS, Tool, ToolExecution
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.tool import TOOL_EXECUTIONS as TOOL_EXECUTIONS_TABLE
from agentic.layers.L01_data_layer.tables.tool import TOOLS as TOOLS_TABLE


class ToolRegistry(ResourceService[Tool]):
    """The tools that agents may call."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, TOOLS, TOOLS_TABLE)


class ToolExecutionLog(ResourceService[ToolExecution]):
    """What each call of a tool was given and gave."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, TOOL_EXECUTIONS, TOOL_EXECUTIONS_TABLE)
