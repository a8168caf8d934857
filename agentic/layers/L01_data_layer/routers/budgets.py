"""The routes of budgets."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.budget import BUDGET_LEFT
from agentic.layers.L01_data_layer.routers.crud import crud
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with budgets."""
    return [*crud(services.budgets), Route(BUDGET_LEFT, services.budgets.left)]
