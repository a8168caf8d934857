"""The routes of tools."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.statistics import TOOL_STATS
from agentic.layers.L01_data_layer.models.tool import (
    RECORD_EFFECT,
    REPEAT_EFFECT,
    RESERVE_EFFECT,
    RESOLVE_EFFECT,
)
from agentic.layers.L01_data_layer.routers.crud import crud
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with tools."""
    executions = services.tool_executions
    return [
        Route(TOOL_STATS, services.tool_statistics.stats),
        *crud(services.tools),
        Route(RESERVE_EFFECT, executions.reserve),
        *crud(executions),
        Route(RECORD_EFFECT, executions.record),
        Route(RESOLVE_EFFECT, services.decisions.resolve),
        Route(REPEAT_EFFECT, executions.again),
    ]
