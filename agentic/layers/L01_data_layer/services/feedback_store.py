"""Feedback."""

from __future__ import annotations

from agentic.layers.L01_data_layer.models.feedback import FEEDBACK, Feedback
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.feedback import FEEDBACK_ENTRIES as FEEDBACK_TABLE


class FeedbackStore(ResourceService[Feedback]):
    """What people and evaluators think of what agents produced."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, FEEDBACK, FEEDBACK_TABLE)
