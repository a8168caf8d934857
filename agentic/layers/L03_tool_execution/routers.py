"""The routes of the tool layer."""

from __future__ import annotations

from dataclasses import replace

from agentic.layers.base.operation import Operation, Route
from agentic.layers.L03_tool_execution import models
from agentic.layers.L03_tool_execution.call_service import CallService
from agentic.layers.L03_tool_execution.tools_service import Tools

EXECUTIONS = "/executions"


def routes(calls: CallService, tools: Tools) -> dict[str, list[Route]]:
    """What may be asked, by section of the documentation."""
    executions = models.TOOL_EXECUTIONS.operations
    return {
        "calls": [
            Route(models.CATALOGUE, calls.catalogue),
            Route(models.CHECK_CALLS, calls.check),
            Route(models.EXECUTE, calls.execute),
            Route(models.CANCEL, calls.cancel),
            Route(models.WORKINGS, calls.workings),
        ],
        "tools": [
            Route(models.IMPORT_OPENAPI, tools.import_openapi),
            calls.passed_on(models.TOOLS.operations["list"]),
            calls.passed_on(models.TOOLS.operations["get"]),
            Route(models.TOOLS.operations["create"], tools.create),
            Route(models.TOOLS.operations["update"], tools.update),
        ],
        "MCP servers": [
            Route(models.LIST_MCP, tools.list_mcp),
            Route(models.SET_MCP, tools.set_mcp),
            Route(models.DELETE_MCP, tools.delete_mcp),
            Route(models.REFRESH_MCP, tools.refresh_mcp),
        ],
        "executions": [
            _below(calls, executions["list"], EXECUTIONS),
            _below(calls, executions["get"], f"{EXECUTIONS}/{{id}}"),
            Route(models.RESOLVE, calls.resolve),
        ],
        "approvals": [
            calls.passed_on(models.APPROVALS.operations["list"]),
            calls.passed_on(models.APPROVALS.operations["get"]),
            calls.passed_on(models.DECIDE_APPROVAL),
        ],
    }


def _below(calls: CallService, operation: Operation, path: str) -> Route:
    """An operation of the data layer under a path of this one."""
    return Route(replace(operation, path=path), calls.passed_on(operation).handler)
