"""The routes of evaluations."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.statistics import AGENT_STATS, SCORE_STATS
from agentic.layers.L01_data_layer.routers.crud import crud
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with evaluations."""
    statistics = services.evaluation_statistics
    return [
        Route(AGENT_STATS, statistics.agent_stats),
        Route(SCORE_STATS, statistics.stats),
        *crud(services.evaluations),
    ]
