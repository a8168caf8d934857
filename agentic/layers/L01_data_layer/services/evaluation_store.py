"""Evaluations."""

from __future__ import annotations

from agentic.layers.L01_data_layer.models.evaluation import EVALUATIONS, Evaluation
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.evaluation import EVALUATIONS as EVALUATIONS_TABLE


class EvaluationStore(ResourceService[Evaluation]):
    """Judgements of what agents produced."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, EVALUATIONS, EVALUATIONS_TABLE)
