"""Feedback."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.conditions import at_least, at_most
from agentic.layers.L01_data_layer.models.feedback import FEEDBACK, Feedback, UnprocessedQuery
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.feedback import FEEDBACK_ENTRIES as FEEDBACK_TABLE


class FeedbackStore(ResourceService[Feedback]):
    """What people and evaluators think of what agents produced."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, FEEDBACK, FEEDBACK_TABLE)

    async def unprocessed(self, call: Call) -> Answer:
        """One page of the feedback that nobody has processed, oldest first."""
        return await self.records.page(validated(UnprocessedQuery, call.query), {"processed": False})

    def condition(self, name: str, rows: Any) -> ColumnElement[bool]:
        """`min_rating` and `max_rating` bound the rating; the others are as usual."""
        if name == "min_rating":
            return at_least(rows, "rating", name)
        if name == "max_rating":
            return at_most(rows, "rating", name)
        return super().condition(name, rows)
