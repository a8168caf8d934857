"""The route of the check."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.check import CHECK
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with the check."""
    return [Route(CHECK, services.fold_check.page)]
