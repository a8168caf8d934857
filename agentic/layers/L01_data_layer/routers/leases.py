"""The routes of leases."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.lease import HOLD_LEASE, LIST_LEASES
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with leases."""
    return [Route(LIST_LEASES, services.leases.list), Route(HOLD_LEASE, services.leases.hold)]
