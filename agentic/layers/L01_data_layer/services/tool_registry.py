"""Tools and the log of their executions."""

from __future__ import annotations

from typing import Any

from agentic.layers.base.states import TOOL_EXECUTION, final_states
from agentic.layers.L01_data_layer.models.tool import TOOL_EXECUTIONS, TOOLS, Tool, ToolExecution
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.tool import TOOL_EXECUTIONS as TOOL_EXECUTIONS_TABLE
from agentic.layers.L01_data_layer.tables.tool import TOOLS as TOOLS_TABLE

FINAL = final_states(TOOL_EXECUTION)


class ToolRegistry(ResourceService[Tool]):
    """The tools that agents may call."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, TOOLS, TOOLS_TABLE)


class ToolExecutionLog(ResourceService[ToolExecution]):
    """What each call of a tool was given and gave."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, TOOL_EXECUTIONS, TOOL_EXECUTIONS_TABLE)

    def complete(self, record: dict[str, Any]) -> None:
        """When it began and ended, for one that is recorded without: an execution may be created in any state.

        Raises:
            InvalidError: there is no such state.
        """
        self.states_before(record["status"])
        record["started_at"] = record["started_at"] or record["created_at"]
        if record["status"] in FINAL:
            record["completed_at"] = record["completed_at"] or record["created_at"]
