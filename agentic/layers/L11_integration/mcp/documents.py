"""For who brings documents together: each content once, how much it is believed, what replaces what, and search."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from agentic.layers.base.common_errors import InvalidError, StateError
from agentic.layers.L01_data_layer.models.document import (
    DOCUMENT_HISTORY,
    DOCUMENTS,
    SEARCH_DOCUMENTS,
    DocumentCreate,
)
from agentic.layers.L01_data_layer.models.fields import Body, Id
from agentic.layers.L11_integration.mcp.tool import Layers, Tool, Version, operation_tool, own_tool

_ABOUT: Final = {
    "title": "At most 500 characters.",
    "content": "Its text.",
    "content_type": "A media type, such as text/markdown.",
    "metadata": "Whatever else is known of it, as a JSON object.",
    "tags": "Words to find it by.",
    "tag": "It has this tag.",
    "authority": "How much it is believed where others say otherwise: 0 to 100, the source of truth.",
    "min_authority": "It is believed at least this much.",
    "superseded": "false: only documents in force. true: only those that were replaced.",
    "superseded_by": "The document that replaces it.",
    "content_hash": "The SHA-256 of its content as UTF-8, in lower-case hexadecimal digits.",
    "q": 'What is looked for: words, "a phrase", or, -not.',
}


class Addition(DocumentCreate):
    """A document, and whether its content may be there already."""

    duplicate: Annotated[
        bool, Field(description="true: it is added although a document in force has the same content.")
    ] = False


class Supersession(Body):
    """What is replaced by what."""

    document_id: Annotated[Id, Field(description="The document that is replaced.")]
    by: Annotated[Id, Field(description="The document in force that replaces it.")]
    expected_version: Version = None


async def add(layers: Layers, wanted: Addition) -> dict[str, Any]:
    """Add a document, unless one in force has the very same content: then that one is answered, and nothing is written.

    Answers the `document`, with the `content_hash` of its content, and whether it was `added`.
    """
    documents = layers.l01.documents
    if wanted.content is not None and not wanted.duplicate:
        same = await documents.list(content_hash=_digest(wanted.content), superseded=False, limit=1)
        if same["items"]:
            return {"document": _with_hash(same["items"][0]), "added": False}
    fields = {name: wanted.__dict__[name] for name in DocumentCreate.model_fields}
    return {"document": _with_hash(await documents.create(**fields)), "added": True}


async def supersede(layers: Layers, wanted: Supersession) -> dict[str, Any]:
    """Say that one document is replaced by another. It stays readable, and search leaves it out with `superseded: false`.

    Refused (E1020) when the replacement was itself replaced. Answers the document that was replaced.
    """
    if wanted.by == wanted.document_id:
        raise InvalidError.of(("by", "a document cannot replace itself"))
    documents = layers.l01.documents
    replacement = await documents.get(wanted.by)
    if (successor := replacement["superseded_by"]) is not None:
        raise StateError(
            f"The document {wanted.by} was itself replaced by {successor}.", superseded_by=successor
        )
    changes = {"superseded_by": str(wanted.by)}
    return _with_hash(
        await documents.update(wanted.document_id, changes, expected_version=wanted.expected_version)
    )


def _digest(content: str | None) -> str | None:
    return None if content is None else hashlib.sha256(content.encode()).hexdigest()


def _with_hash(document: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, "content_hash": _digest(document["content"])}


def _without_contents(page: Mapping[str, Any]) -> dict[str, Any]:
    """A list without what is long: the contents are read one by one."""
    items = [_with_hash(document) for document in page["items"]]
    for document in items:
        del document["content"]
    return {**page, "items": items}


_VERBS = DOCUMENTS.operations

TOOLS: Final[list[Tool]] = [
    own_tool("document_add", Addition, add, "write", about=_ABOUT),
    operation_tool(
        "document_get",
        _VERBS["get"],
        "Read a document, with the `content_hash` of its content.",
        shown=_with_hash,
    ),
    operation_tool(
        "document_list",
        _VERBS["list"],
        "List documents without their contents, the newest first. With `content_hash` it finds those with a certain content.",
        about=_ABOUT,
        shown=_without_contents,
    ),
    operation_tool(
        "document_search",
        SEARCH_DOCUMENTS,
        "Search titles and contents for words, the best hits first. What was found stands between <mark> and </mark>, in "
        "text that is escaped as HTML. Give `superseded: false` for documents in force alone.",
        about=_ABOUT,
    ),
    operation_tool(
        "document_update",
        _VERBS["update"],
        "Change a document; only what is given is changed, and every version is kept. Read it first and give its `version` "
        "as `expected_version` where others may change it too.",
        about=_ABOUT,
        without=frozenset(("superseded_by",)),
        shown=_with_hash,
        destructive=True,
    ),
    own_tool("document_supersede", Supersession, supersede, "write", idempotent=True, destructive=True),
    operation_tool(
        "document_history",
        DOCUMENT_HISTORY,
        "List the versions of a document, the newest first: when, by whom, which fields.",
    ),
]
