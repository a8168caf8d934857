"""The routes of model usage."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.model_usage import (
    CUT_USAGE,
    RECORD_USAGE,
    RESERVE_USAGE,
    SETTLE_USAGE,
)
from agentic.layers.L01_data_layer.models.statistics import USAGE_STATS
from agentic.layers.L01_data_layer.routers.crud import crud
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with model usage."""
    usage = services.model_usage
    return [
        Route(USAGE_STATS, services.usage_statistics.stats),
        Route(RESERVE_USAGE, usage.reserve),
        Route(CUT_USAGE, usage.cut),
        Route(RECORD_USAGE, usage.record),
        *crud(usage),
        Route(SETTLE_USAGE, usage.settle),
    ]
