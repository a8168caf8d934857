"""`/api/v1/goals`."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.goal import GOALS
from agentic.layers.L09_api_gateway.passing import Client, passed_on


def routes(client: Client) -> list[Route]:
    """What clients may do with goals."""
    return [passed_on(client, operation) for operation in GOALS.operations.values()]
