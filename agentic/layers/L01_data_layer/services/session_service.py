"""Sessions."""

from __future__ import annotations

from agentic.layers.L01_data_layer.models.session import SESSIONS, Session
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.session import SESSIONS as SESSIONS_TABLE


class SessionService(ResourceService[Session]):
    """The sessions of agents."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, SESSIONS, SESSIONS_TABLE)
