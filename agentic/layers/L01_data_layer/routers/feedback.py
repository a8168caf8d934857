"""The routes of feedback."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.feedback import JUDGED_RUNS, UNPROCESSED_FEEDBACK
from agentic.layers.L01_data_layer.routers.crud import crud
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with feedback."""
    return [
        Route(UNPROCESSED_FEEDBACK, services.feedback.unprocessed),
        Route(JUDGED_RUNS, services.judged_runs.page),
        *crud(services.feedback),
    ]
