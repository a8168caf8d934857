"""A document."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation, Query
from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Changes,
    JsonObject,
    Kind,
    Text,
    Wanted,
    storable,
)
from agentic.layers.L01_data_layer.models.history import HistoryQuery, Restore, Version
from agentic.layers.L01_data_layer.models.resource import WHOLE, ListQuery, Page, Resource

Title = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(storable)]


def _some(value: str) -> str:
    if not value.strip():
        raise ValueError("names nothing to search for")
    return value


Tags = Annotated[list[Kind], Field(max_length=100)]


class DocumentCreate(Body):
    """A new document."""

    title: Title
    content: Text | None = None
    content_type: Kind = "text/plain"
    metadata: JsonObject = {}
    tags: Tags = []


class DocumentUpdate(Changes):
    """What may change in a document."""

    title: Title = ""
    content: Text | None = None
    content_type: Kind = ""
    metadata: JsonObject = {}
    tags: Tags = []


class DocumentQuery(ListQuery):
    """Filters of the list of documents; `tag` names one tag that the document must have."""

    content_type: Wanted | None = None
    tag: Wanted | None = None


class Document(TypedDict):
    """A document as stored."""

    id: str
    title: str
    content: str | None
    content_type: str
    metadata: dict[str, Any]
    tags: list[str]
    version: int
    created_at: str
    updated_at: str


class DocumentSearch(Query):
    """A search for words: `"a phrase"`, `or` and `-not` work as on the web, and anything else is words too."""

    q: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(storable), AfterValidator(_some)]
    limit: Annotated[int, Field(ge=1, le=100), WHOLE] = 20
    cursor: Annotated[str, Field(max_length=200)] | None = None
    content_type: Wanted | None = None
    tag: Wanted | None = None


class DocumentHit(TypedDict):
    """A document that was found, without its content: best first.

    `title_highlight` is the title and `highlight` some fragments of the content, as HTML: the text is escaped, and what
    was found stands between `<mark>` and `</mark>`. They may be put on a page as they are.
    """

    id: str
    title: str
    content_type: str
    metadata: dict[str, Any]
    tags: list[str]
    version: int
    created_at: str
    updated_at: str
    rank: float
    title_highlight: str
    highlight: str


DOCUMENTS = Resource("document", "/documents", DocumentCreate, DocumentQuery, Document, DocumentUpdate)
SEARCH_DOCUMENTS = Operation(
    "document.search", "GET", "/documents/search", query=DocumentSearch, result=Page[DocumentHit]
)
DOCUMENT_HISTORY = Operation(
    "document.history", "GET", "/documents/{id}/history", query=HistoryQuery, result=Page[Version]
)
RESTORE_DOCUMENT = Operation(
    "document.restore", "POST", "/documents/{id}/restore", body=Restore, result=Document, conditional=True
)
