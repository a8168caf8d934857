"""Documents."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from agentic.layers.L01_data_layer.conditions import contains
from agentic.layers.L01_data_layer.models.document import DOCUMENTS, Document
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.document import DOCUMENTS as DOCUMENTS_TABLE


class DocumentStore(ResourceService[Document]):
    """Documents, with search over their words."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, DOCUMENTS, DOCUMENTS_TABLE)

    def condition(self, name: str, rows: Any) -> ColumnElement[bool]:
        """`tag` is one of the tags; the others are as usual."""
        return contains(rows, "tags", name) if name == "tag" else super().condition(name, rows)
