"""Agents."""

from __future__ import annotations

from typing import Any

from agentic.layers.L01_data_layer.models.agent import AGENTS, Agent
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.agent import AGENTS as TABLE


class AgentRegistry(ResourceService[Agent]):
    """The agents that exist, each known by its decentralised identifier too."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, AGENTS, TABLE)

    def complete(self, record: dict[str, Any]) -> None:
        """A `did` made from the id, when none was given."""
        record["did"] = record["did"] or f"did:agentic:{record['id']}"
