"""The route of lineages."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.lineage import LINEAGE
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be asked about lineages."""
    return [Route(LINEAGE, services.lineage.get)]
