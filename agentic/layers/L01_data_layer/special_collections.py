"""Collections with more than the five verbs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from agentic.layers.base.operation import Call
from agentic.layers.L01_data_layer.backends.backend import Backend
from agentic.layers.L01_data_layer.collection import Collection, given
from agentic.layers.L01_data_layer.models.document import (
    DOCUMENT_HISTORY,
    DOCUMENTS,
    RESTORE_DOCUMENT,
    SEARCH_DOCUMENTS,
    Document,
    DocumentHit,
)
from agentic.layers.L01_data_layer.models.history import Version
from agentic.layers.L01_data_layer.models.resource import Page

Ref = str | UUID


class Documents(Collection[Document]):
    """Documents: searched by their words, and restored from their versions."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, DOCUMENTS)

    async def search(self, q: str, **query: Any) -> Page[DocumentHit]:
        """What was found, best first. Filters `content_type` and `tag`; `limit`, `cursor`."""
        call = Call(query=given({"q": q, **query}))
        return await self._backend.call(SEARCH_DOCUMENTS, call)

    async def history(self, document_id: Ref, **query: Any) -> Page[Version]:
        """The versions of a document, newest first, of a deleted one too. `limit`, `cursor`."""
        return await self._backend.call(DOCUMENT_HISTORY, Call({"id": document_id}, given(query)))

    async def restore(
        self, document_id: Ref, version: int, *, expected_version: int | None = None
    ) -> Document:
        """The document with a new version whose content is that of an earlier one."""
        call = Call({"id": document_id}, body={"version": version}, expected=expected_version)
        return await self._backend.call(RESTORE_DOCUMENT, call)
