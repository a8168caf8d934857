"""HTTP requests as tools: arguments are put into a request that the tool's definition describes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx2

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L03_tool_execution.builtin.web import readable
from agentic.layers.L03_tool_execution.definition import MARK, HttpExecution, Place, template
from agentic.layers.L03_tool_execution.errors import (
    ArgumentsError,
    ToolFailedError,
    ToolRefusedError,
    UnreachableToolError,
)
from agentic.layers.L03_tool_execution.outgoing import Fetched, Outgoing
from agentic.layers.L03_tool_execution.secrets import Secrets
from agentic.layers.L03_tool_execution.tool import ToolContext

BODILESS: Final = frozenset(("GET", "HEAD", "DELETE"))
SAFE: Final = frozenset(("GET", "HEAD"))
TOLD: Final = 1000
"""Characters of a refusal that a model is told."""
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS: Final = frozenset(("host", "content-length", "transfer-encoding", "connection", "accept-encoding"))


class HttpTool:
    """Carries out one kind of request."""

    def __init__(self, name: str, execution: HttpExecution, outgoing: Outgoing, secrets: Secrets) -> None:
        self._name = name
        self._execution = execution
        self._outgoing = outgoing
        self._secrets = secrets
        self._base, self._path = template(execution.url)

    async def __call__(self, context: ToolContext, arguments: dict[str, Any]) -> Any:
        """What the server answers."""
        placed = self._placed(arguments)
        execution, redact = self._execution, context.redact
        query = {**self._secrets.resolve(execution.query, redact), **placed["query"]}
        headers = {**self._secrets.resolve(execution.headers, redact), **placed["header"]}
        content, kind = self._body(placed["body"], placed["content"])
        if kind is not None:
            headers = {"content-type": kind, **{name.lower(): value for name, value in headers.items()}}
        fetched = await self._outgoing.request(
            execution.method, self._url(placed["path"], query), headers=_checked(headers), content=content
        )
        return self._answer(fetched)

    def _placed(self, arguments: Mapping[str, Any]) -> dict[Place, dict[str, Any]]:
        places: dict[Place, dict[str, Any]] = {
            "path": {},
            "query": {},
            "header": {},
            "body": {},
            "content": {},
        }
        execution = self._execution
        usual: Place = "query" if execution.method in BODILESS else "body"
        in_path = set(MARK.findall(self._path))
        for name, value in arguments.items():
            told = execution.names.get(name, name)
            place: Place = execution.places.get(name, "path" if told in in_path else usual)
            if value is None and place != "body":
                continue
            places[place][told] = value
        return places

    def _url(self, values: Mapping[str, Any], query: Mapping[str, Any]) -> str:
        def part(match: re.Match[str]) -> str:
            if match[1] not in values:
                raise ArgumentsError.of(self._name, [{"field": match[1], "message": "required, and missing"}])
            text = _text(values[match[1]])
            if text in ("", ".", ".."):
                raise ArgumentsError.of(self._name, [{"field": match[1], "message": "not a part of a path"}])
            return quote(text, safe="", errors="replace")

        path, _, own = self._path.partition("?")
        pairs = urlencode(_pairs(query), errors="replace")
        joined = "&".join(each for each in (own, pairs) if each)
        return f"{self._base}{MARK.sub(part, path)}{'?' if joined else ''}{joined}"

    def _body(self, fields: Mapping[str, Any], whole: Mapping[str, Any]) -> tuple[bytes | None, str | None]:
        if whole:
            return jsonio.encode(next(iter(whole.values()))), "application/json"
        if not fields:
            return None, None
        if self._execution.body == "form":
            return urlencode(_pairs(fields), errors="replace").encode(), "application/x-www-form-urlencoded"
        return jsonio.encode(fields), "application/json"

    def _answer(self, fetched: Fetched) -> Any:
        body = _value(fetched)
        if fetched.status < 400:
            return {"status": fetched.status, "body": body}
        told = body if isinstance(body, str) else jsonio.encode(body).decode()
        detail = f"The server answered {fetched.status}. {told[:TOLD]}".strip()
        if fetched.status in (429, 502, 503, 504):
            raise UnreachableToolError(detail)
        raise (ToolFailedError if fetched.status >= 500 else ToolRefusedError)(detail)


def _pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        items: list[Any] = value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]
        pairs += [(name, _text(item)) for item in items if item is not None]
    return pairs


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return jsonio.encode(value).decode()


def _checked(headers: Mapping[str, Any]) -> dict[str, str]:
    checked: dict[str, str] = {}
    for name, value in headers.items():
        text = _text(value)
        if not _HEADER.fullmatch(name) or name.lower() in _OURS:
            raise ToolRefusedError(f"{name!r} cannot be sent as a header.")
        if any(character in text for character in "\r\n\0"):
            raise ToolRefusedError(f"The header {name} would hold a line end.")
        checked[name] = text
    return checked


def _value(fetched: Fetched) -> Any:
    if not fetched.body:
        return None
    if fetched.content_type.endswith("json"):
        try:
            return jsonio.decode(fetched.body)
        except InvalidError:
            return fetched.text
    try:
        return readable(fetched)
    except ToolRefusedError:
        return {"content_type": fetched.content_type, "bytes": len(fetched.body)}


def joined(base: str, path: str) -> str:
    """The address of a path below another address."""
    return f"{str(httpx2.URL(base)).rstrip('/')}/{path.lstrip('/')}"
