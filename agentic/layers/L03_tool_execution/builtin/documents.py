"""Searching and reading the documents that the data layer keeps."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L03_tool_execution.errors import ToolRefusedError
from agentic.layers.L03_tool_execution.functions import from_function
from agentic.layers.L03_tool_execution.tool import Rules, Tool

_MARKUP: Final = re.compile(r"</?mark>")
LONGEST_PART: Final = 20_000


class Documents:
    """The two tools, over the data layer."""

    def __init__(self, client: Callable[[], L01Client]) -> None:
        self._client = client

    def tools(self) -> list[Tool]:
        """Both only read."""
        rules = Rules(idempotent=True, timeout=30)
        return [
            from_function(function, rules=rules) for function in (self.search_documents, self.read_document)
        ]

    async def search_documents(
        self,
        query: Annotated[str, Field(min_length=1, max_length=500)],
        limit: Annotated[int, Field(ge=1, le=20)] = 5,
    ) -> list[dict[str, Any]]:
        """Searches the documents of this platform by their words, best first.

        Args:
            query: Words; "a phrase", or and -not work as on the web.
            limit: How many to give.
        """
        page = await self._client().documents.search(query, limit=limit)
        return [
            {
                "id": hit["id"],
                "title": hit["title"],
                "tags": hit["tags"],
                "excerpt": unescape(_MARKUP.sub("", hit["highlight"])),
            }
            for hit in page["items"]
        ]

    async def read_document(self, id: UUID, offset: Annotated[int, Field(ge=0)] = 0) -> dict[str, Any]:  # noqa: A002
        """Reads a document that a search found.

        Args:
            id: Its id.
            offset: From which character on: a long document comes in parts.
        """
        try:
            document = await self._client().documents.get(id)
        except NotFoundError:
            raise ToolRefusedError(f"There is no document {id}.") from None
        content = document["content"] or ""
        part = content[offset : offset + LONGEST_PART]
        rest = offset + len(part)
        return {
            "id": document["id"],
            "title": document["title"],
            "content": part,
            "characters": len(content),
            "next_offset": rest if rest < len(content) else None,
        }
