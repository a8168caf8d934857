"""The routes of agents."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.agent import AGENT_HISTORY, RESTORE_AGENT
from agentic.layers.L01_data_layer.routers.crud import crud
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with agents."""
    agents = services.agents
    return [*crud(agents), Route(AGENT_HISTORY, agents.versions), Route(RESTORE_AGENT, agents.restore)]
