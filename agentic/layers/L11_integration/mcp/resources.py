"""What a client may read as it reads files: documents in force, and records by their addresses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.L01_data_layer.models.document import Document
from agentic.layers.L11_integration.mcp.tool import Layers

SCHEME: Final = "platform://"
JSON: Final = "application/json"
PAGE: Final = 100


class Content(NamedTuple):
    """What is at an address."""

    text: str
    media_type: str


class Kind(NamedTuple):
    """One kind of resource; its address ends in an id."""

    name: str
    description: str
    media_type: str | None
    read: Callable[[Layers, str], Awaitable[Content]]

    @property
    def template(self) -> str:
        """The addresses of its resources (RFC 6570)."""
        return f"{SCHEME}{self.name}s/{{id}}"


async def _document(layers: Layers, record_id: str) -> Content:
    document = await layers.l01.documents.get(record_id)
    return Content(document["content"] or "", document["content_type"])


async def _session(layers: Layers, record_id: str) -> Content:
    return _json(await layers.l01.sessions.get(record_id))


async def _run(layers: Layers, record_id: str) -> Content:
    run = await layers.l02.get(record_id)
    return _json({**run, "steps": await layers.l02.steps(record_id)})


def _json(value: Any) -> Content:
    return Content(jsonio.encode(value).decode(), JSON)


RECORDS: Final = (
    Kind("document", "The content of a document.", None, _document),
    Kind("session", "A session: its state, context and checkpoint.", JSON, _session),
)
WORK: Final = (Kind("run", "A run with its steps.", JSON, _run),)


class Resources:
    """Some kinds of resources."""

    def __init__(self, kinds: tuple[Kind, ...]) -> None:
        self.kinds = kinds

    async def read(self, layers: Layers, address: str) -> Content:
        """What is at an address.

        Raises:
            NotFoundError: nothing is.
        """
        for kind in self.kinds:
            beginning = kind.template.removesuffix("{id}")
            if address.startswith(beginning):
                return await kind.read(layers, address.removeprefix(beginning))
        raise NotFoundError(f"There is nothing at {address!r}.")


async def documents_in_force(layers: Layers, cursor: str | None) -> tuple[list[Document], str | None]:
    """A page of those that are listed: documents that nothing replaces, and where the next page begins."""
    page = await layers.l01.documents.list(superseded=False, limit=PAGE, cursor=cursor)
    return page["items"], page["next_cursor"]
