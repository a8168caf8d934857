"""A document."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Changes,
    JsonObject,
    Kind,
    Text,
    Wanted,
    storable,
)
from agentic.layers.L01_data_layer.models.resource import ListQuery, Resource

Title = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(storable)]
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


DOCUMENTS = Resource("document", "/documents", DocumentCreate, DocumentQuery, Document, DocumentUpdate)
