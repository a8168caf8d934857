"""What a tool gives, made fit to be kept and to be read by a model: JSON, of bounded size, without secrets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from agentic.layers.base import jsonio
from agentic.layers.L03_tool_execution.errors import ResultError, ToolLayerError
from agentic.layers.L03_tool_execution.tool import Tool
from agentic.layers.L03_tool_execution.validation import schema_of


def checked(tool: Tool, result: Any) -> Any:
    """The result, when it is what the tool says that it gives.

    Raises:
        ResultError: it is not.
    """
    plain = storable(result)
    if tool.result is not None:
        try:
            errors = schema_of(tool.result).errors(plain)
        except ToolLayerError as error:
            raise ResultError(error.detail) from None
        if errors:
            told = "; ".join(f"{error['field']}: {error['message']}" for error in errors)
            raise ResultError(f"{tool.name} gave something else than it says. {told}", errors=errors)
    return plain


def storable(value: Any, depth: int = 0) -> Any:
    """A JSON value that the database keeps as it is; characters that it cannot keep become U+FFFD.

    Raises:
        ResultError: it is no JSON value.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if depth >= jsonio.MAX_DEPTH - 2:
        raise ResultError(f"The result is nested deeper than {jsonio.MAX_DEPTH - 2} levels.")
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value)
        return {storable_text(str(key)): storable(item, depth + 1) for key, item in items.items()}
    if isinstance(value, list | tuple):
        return [storable(item, depth + 1) for item in cast("list[Any]", value)]
    raise ResultError(f"{type(value).__name__} cannot be said in JSON.")


def storable_text(text: str) -> str:
    """The text without what PostgreSQL does not keep."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return text if text.isascii() else text.encode(errors="replace").decode()


def _number(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ResultError("NaN and infinities cannot be said in JSON.")
    try:
        return jsonio.check(value, "result")
    except Exception as error:
        raise ResultError(f"The result cannot be kept: {error}") from None


def cut(result: Any, most: int) -> Any:
    """The result, or of a larger one the beginning, which says that it is one."""
    text = jsonio.encode(result)
    if len(text) <= most:
        return result
    if isinstance(result, str):
        kept = result.encode()[:most].decode(errors="ignore")
        return f"{kept}\n… (cut: this is the beginning of {len(result.encode())} bytes)"
    return {"cut": True, "bytes": len(text), "beginning": text[:most].decode(errors="ignore")}
