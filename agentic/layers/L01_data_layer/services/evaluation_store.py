"""Evaluations."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from agentic.layers.L01_data_layer.conditions import at_least, at_most
from agentic.layers.L01_data_layer.models.evaluation import EVALUATIONS, Evaluation
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.evaluation import EVALUATIONS as EVALUATIONS_TABLE


class EvaluationStore(ResourceService[Evaluation]):
    """Judgements of what agents produced."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, EVALUATIONS, EVALUATIONS_TABLE)

    def condition(self, name: str, rows: Any) -> ColumnElement[bool]:
        """`min_score` and `max_score` bound the score; the others are as usual."""
        if name == "min_score":
            return at_least(rows, "score", name)
        if name == "max_score":
            return at_most(rows, "score", name)
        return super().condition(name, rows)
