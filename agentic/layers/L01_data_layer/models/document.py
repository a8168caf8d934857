"""A document."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation, Query
from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Changes,
    Id,
    JsonObject,
    Kind,
    Text,
    Wanted,
    storable,
)
from agentic.layers.L01_data_layer.models.history import HistoryQuery, Restore, Version
from agentic.layers.L01_data_layer.models.resource import WHOLE, ListQuery, Page, Resource, Truth

Title = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(storable)]


def _some(value: str) -> str:
    if not value.strip():
        raise ValueError("names nothing to search for")
    return value


Tags = Annotated[list[Kind], Field(max_length=100)]
Authority = Annotated[int, Field(ge=0, le=100)]
"""How much a document is to be believed where others say otherwise: 0 by default, 100 the source of truth."""
ContentHash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""The SHA-256 of a content as UTF-8, in hexadecimal digits."""


class DocumentCreate(Body):
    """A new document."""

    title: Title
    content: Text | None = None
    content_type: Kind = "text/plain"
    metadata: JsonObject = {}
    tags: Tags = []
    authority: Authority = 0


class DocumentUpdate(Changes):
    """What may change in a document. `superseded_by` is the document that replaces it, or null: it is in force."""

    title: Title = ""
    content: Text | None = None
    content_type: Kind = ""
    metadata: JsonObject = {}
    tags: Tags = []
    authority: Authority = 0
    superseded_by: Id | None = None


class DocumentQuery(ListQuery):
    """Filters of the list of documents; `tag` names one tag that the document must have.

    `content_hash` is the SHA-256 of the content as UTF-8; `superseded` tells those that were replaced from those in force.
    """

    content_type: Wanted | None = None
    tag: Wanted | None = None
    content_hash: ContentHash | None = None
    min_authority: Annotated[int, Field(ge=0, le=100), WHOLE] | None = None
    superseded: Truth | None = None
    superseded_by: Id | None = None


class Document(TypedDict):
    """A document as stored."""

    id: str
    title: str
    content: str | None
    content_type: str
    metadata: dict[str, Any]
    tags: list[str]
    authority: int
    superseded_by: str | None
    version: int
    created_at: str
    updated_at: str


class DocumentSearch(Query):
    """A search for words: `"a phrase"`, `or` and `-not` work as on the web, and anything else is words too.

    The filters mean what they mean in the list of documents.
    """

    q: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(storable), AfterValidator(_some)]
    limit: Annotated[int, Field(ge=1, le=100), WHOLE] = 20
    cursor: Annotated[str, Field(max_length=200)] | None = None
    content_type: Wanted | None = None
    tag: Wanted | None = None
    min_authority: Annotated[int, Field(ge=0, le=100), WHOLE] | None = None
    superseded: Truth | None = None


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
    authority: int
    superseded_by: str | None
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
