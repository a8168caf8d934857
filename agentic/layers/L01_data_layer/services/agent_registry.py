"""Agents."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from agentic.layers.L01_data_layer.conditions import holds
from agentic.layers.L01_data_layer.models.agent import AGENTS, Agent
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.agent import AGENTS as TABLE


class AgentRegistry(ResourceService[Agent]):
    """The agents that exist, each known by its decentralised identifier too."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, AGENTS, TABLE)

    def condition(self, name: str, rows: Any) -> ColumnElement[bool]:
        """`search` is in the name; the others are as usual."""
        return holds(rows, "name", name) if name == "search" else super().condition(name, rows)

    def complete(self, record: dict[str, Any]) -> None:
        """A `did` made from the id, when none was given."""
        record["did"] = record["did"] or f"did:agentic:{record['id']}"
