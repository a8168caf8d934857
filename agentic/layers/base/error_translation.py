"""What Python and pydantic raise, as errors of the catalogue. No framework: commands need this, and start without one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from agentic.layers.base.common_errors import InternalError, InvalidError, TimedOutError
from agentic.layers.base.errors import PlatformError

log = structlog.get_logger()


def invalid_from(errors: Iterable[Mapping[str, Any]]) -> InvalidError:
    """Pydantic's list of errors as E1001, each with the name of its field."""
    pairs: list[tuple[str, str]] = []
    for error in errors:
        where = [str(part) for part in error["loc"] if part not in ("query", "path", "header")]
        if len(where) > 1 and where[0] == "body":
            where = where[1:]
        pairs.append((".".join(where) or "body", str(error["msg"]).removeprefix("Value error, ")))
    return InvalidError.of(*pairs)


def translate(error: Exception) -> PlatformError:
    """Any exception as an error of the catalogue; one that nobody foresaw is logged and becomes E1000."""
    if isinstance(error, PlatformError):
        return error
    if isinstance(error, TimeoutError):
        return TimedOutError()
    log.error("unforeseen error", exc_info=error)
    return InternalError()
