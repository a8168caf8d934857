"""The routes of schedules."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.schedule import FIRE_SCHEDULES
from agentic.layers.L01_data_layer.routers.crud import crud
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with schedules."""
    return [Route(FIRE_SCHEDULES, services.schedules.fire), *crud(services.schedules)]
