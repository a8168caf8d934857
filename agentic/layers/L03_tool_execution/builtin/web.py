"""Fetching a page of the public web."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any, Final

from agentic.layers.L03_tool_execution.errors import ToolRefusedError, UnreachableToolError
from agentic.layers.L03_tool_execution.functions import from_function
from agentic.layers.L03_tool_execution.outgoing import Fetched, Outgoing
from agentic.layers.L03_tool_execution.tool import Rules, Tool

DEFAULT_CHARACTERS: Final = 20_000
MOST_CHARACTERS: Final = 200_000
_SILENT: Final = frozenset(("script", "style", "noscript", "template", "svg", "head"))
_BLOCKS: Final = frozenset(
    [
        "p",
        "div",
        "br",
        "li",
        "ul",
        "ol",
        "tr",
        "table",
        "section",
        "article",
        "header",
        "footer",
        "pre",
        "hr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "dd",
        "dt",
        "main",
        "nav",
        "form",
        "title",
    ]
)
_BLANKS: Final = re.compile(r"[ \t\r\f\v]+")
_LINES: Final = re.compile(r"\s*\n\s*")


class Web:
    """The tool, over the guarded way out."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    def tools(self) -> list[Tool]:
        """One."""
        return [from_function(self.fetch_url, rules=Rules(idempotent=True, timeout=30))]

    async def fetch_url(self, url: str, max_characters: int = DEFAULT_CHARACTERS) -> dict[str, Any]:
        """Fetches a page or file of the public web with GET, and gives its text; of HTML, the text that people read.

        Args:
            url: Its address, with http:// or https:// in front.
            max_characters: How much of the text is wanted.
        """
        fetched = await self._outgoing.request("GET", url)
        if fetched.status >= 500:
            raise UnreachableToolError(f"{fetched.url} answered {fetched.status}.")
        if fetched.status >= 400:
            raise ToolRefusedError(f"{fetched.url} answered {fetched.status}.")
        text = readable(fetched)
        most = max(1, min(max_characters, MOST_CHARACTERS))
        return {
            "url": fetched.url,
            "status": fetched.status,
            "content_type": fetched.content_type,
            "text": text[:most],
            "cut": len(text) > most,
        }


def readable(fetched: Fetched) -> str:
    """What a person would read of it.

    Raises:
        ToolRefusedError: it is no text.
    """
    kind = fetched.content_type
    if kind in ("text/html", "application/xhtml+xml"):
        page = _Page()
        page.feed(fetched.text)
        page.close()
        return page.text()
    if (
        kind.startswith("text/")
        or kind.endswith(("json", "xml", "javascript", "yaml"))
        or b"\0" not in fetched.body
    ):
        return fetched.text.replace("\0", "")
    raise ToolRefusedError(f"{fetched.url} is {kind or 'something'}, which is no text.")


class _Page(HTMLParser):
    """The text of a page, a line for each block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._parts.append(data)

    def text(self) -> str:
        text = _BLANKS.sub(" ", "".join(self._parts).replace("\0", ""))
        return _LINES.sub("\n", text).strip()
