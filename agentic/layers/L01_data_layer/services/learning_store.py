"""Changes of agents that were looked for, and files of examples."""

from __future__ import annotations

from agentic.layers.L01_data_layer.models.export import EXPORTS, Export
from agentic.layers.L01_data_layer.models.improvement import IMPROVEMENTS, Improvement
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables import learning


class ImprovementStore(ResourceService[Improvement]):
    """What was tried to make agents better, and what became of it."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, IMPROVEMENTS, learning.IMPROVEMENTS)


class ExportStore(ResourceService[Export]):
    """Files of examples."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, EXPORTS, learning.EXPORTS)
