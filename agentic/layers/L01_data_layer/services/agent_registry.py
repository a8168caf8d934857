"""Agents."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.base.tracing import traced
from agentic.layers.L01_data_layer.conditions import holds
from agentic.layers.L01_data_layer.models.agent import AGENTS, Agent, AgentUpdate
from agentic.layers.L01_data_layer.models.history import HistoryQuery, Restore
from agentic.layers.L01_data_layer.services.history import History
from agentic.layers.L01_data_layer.services.resource_service import ResourceService, parse_id
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.agent import AGENTS as TABLE


class AgentRegistry(ResourceService[Agent]):
    """The agents that exist, each known by its decentralised identifier too."""

    SEARCHED = frozenset({"search"})

    def __init__(self, store: Store) -> None:
        super().__init__(store, AGENTS, TABLE)
        self._history = History(store.database, self.statements)

    def condition(self, name: str, rows: Any) -> ColumnElement[bool]:
        """`search` is in the name; the others are as usual."""
        return holds(rows, "name", name) if name == "search" else super().condition(name, rows)

    def complete(self, record: dict[str, Any]) -> None:
        """A `did` made from the id, when none was given."""
        record["did"] = record["did"] or f"did:agentic:{record['id']}"

    async def versions(self, call: Call) -> Answer:
        """The versions of an agent, newest first. They can be read when it was deleted, too."""
        record_id = parse_id(call.path["id"])
        return await self._history.page(record_id, validated(HistoryQuery, call.query))

    async def restore(self, call: Call) -> Answer:
        """Makes an agent what it was at one of its versions, as a new version. Its state is not what it was, but what is."""
        record_id = parse_id(call.path["id"])
        version = validated(Restore, call.body).version
        past = await self._history.at(record_id, version)
        changes = {name: past[name] for name in AgentUpdate.model_fields if name != "status"}
        with traced(restored_from=f"version {version}"):
            return await self.write(record_id, changes, call.expected)
