"""The routes of approvals."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.approval import DECIDE_APPROVAL
from agentic.layers.L01_data_layer.routers.crud import crud
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with approvals."""
    return [*crud(services.approvals), Route(DECIDE_APPROVAL, services.decisions.decide)]
