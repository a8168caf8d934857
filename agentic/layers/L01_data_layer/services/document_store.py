"""Documents."""

from __future__ import annotations

from agentic.layers.L01_data_layer.models.document import DOCUMENTS, Document
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.document import DOCUMENTS as DOCUMENTS_TABLE


class DocumentStore(ResourceService[Document]):
    """Documents, with search over their words."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, DOCUMENTS, DOCUMENTS_TABLE)
