"""The routes of documents."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.document import (
    DOCUMENT_HISTORY,
    RESTORE_DOCUMENT,
    SEARCH_DOCUMENTS,
)
from agentic.layers.L01_data_layer.routers.crud import crud
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with documents."""
    documents = services.documents
    return [
        Route(SEARCH_DOCUMENTS, documents.search),
        *crud(documents),
        Route(DOCUMENT_HISTORY, documents.versions),
        Route(RESTORE_DOCUMENT, documents.restore),
    ]
