"""What model calls used and cost."""

from __future__ import annotations

from agentic.layers.L01_data_layer.models.model_usage import MODEL_USAGE, ModelUsage
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.model_usage import MODEL_USAGE as MODEL_USAGE_TABLE


class ModelUsageStore(ResourceService[ModelUsage]):
    """One record for each model call."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, MODEL_USAGE, MODEL_USAGE_TABLE)
