"""The routes of plans and tasks."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.plan import REVISE_PLAN
from agentic.layers.L01_data_layer.routers.crud import crud
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with plans and tasks."""
    revise = Route(REVISE_PLAN, services.plan_revisions.revise)
    return [*crud(services.plans), revise, *crud(services.tasks)]
