"""Documents."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Text, bindparam, func

from agentic.layers.base.common_errors import StateError
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.base.tracing import traced
from agentic.layers.L01_data_layer.conditions import at_least, contains
from agentic.layers.L01_data_layer.models.document import (
    DOCUMENTS,
    Document,
    DocumentSearch,
)
from agentic.layers.L01_data_layer.models.history import HistoryQuery, Restore
from agentic.layers.L01_data_layer.services.document_search import Search
from agentic.layers.L01_data_layer.services.history import History
from agentic.layers.L01_data_layer.services.resource_service import ResourceService, parse_id
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.document import DOCUMENTS as DOCUMENTS_TABLE

WRITTEN: Final = ("title", "content", "content_type", "metadata", "tags")
"""What a version brings back. How much a document is believed, and what replaces it, is not a matter of its versions."""


class DocumentStore(ResourceService[Document]):
    """Documents, with search over their words, and their versions."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, DOCUMENTS, DOCUMENTS_TABLE)
        self._search = Search(store.database, self.condition)
        self._history = History(store.database, self.statements)

    def condition(self, name: str, rows: Any) -> ColumnElement[bool]:
        """`tag` is one of the tags, and so on; the others are as usual."""
        if name == "tag":
            return contains(rows, "tags", name)
        if name == "content_hash":
            return func.content_sha256(rows["content"]) == bindparam(name, type_=Text())
        if name == "min_authority":
            return at_least(rows, "authority", name)
        if name == "superseded":
            return rows["superseded_by"].is_not(None) == bindparam(name, type_=Boolean())
        return super().condition(name, rows)

    async def write(self, record_id: UUID, changes: dict[str, Any], expected: int | None) -> Answer:
        """Changes a document.

        Raises:
            StateError: it was to replace itself.
        """
        if changes.get("superseded_by") == record_id:
            raise StateError("A document cannot replace itself.")
        return await super().write(record_id, changes, expected)

    async def search(self, call: Call) -> Answer:
        """Documents with these words in title or content, best first, with what was found highlighted."""
        return await self._search.page(validated(DocumentSearch, call.query))

    async def versions(self, call: Call) -> Answer:
        """The versions of a document, newest first. They can be read when it was deleted, too."""
        record_id = parse_id(call.path["id"])
        return await self._history.page(record_id, validated(HistoryQuery, call.query))

    async def restore(self, call: Call) -> Answer:
        """Gives a document the title, content, tags and metadata of one of its versions, as a new version."""
        record_id = parse_id(call.path["id"])
        version = validated(Restore, call.body).version
        past = await self._history.at(record_id, version)
        changes = {name: past[name] for name in WRITTEN}
        with traced(restored_from=f"version {version}"):
            return await self.write(record_id, changes, call.expected)
