"""The routes of improvements and exports."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.routers.crud import crud
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with improvements and exports."""
    return [*crud(services.improvements), *crud(services.exports)]
