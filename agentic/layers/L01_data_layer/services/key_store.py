"""Keys to the API."""

from __future__ import annotations

from agentic.layers.L01_data_layer.models.access import API_KEYS, ApiKey
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.access import API_KEYS as API_KEYS_TABLE


class KeyStore(ResourceService[ApiKey]):
    """Keys, known by their hashes."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, API_KEYS, API_KEYS_TABLE)
