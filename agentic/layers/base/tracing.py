"""Who asks, and because of what: carried with a request through every layer, and into the metadata of every event."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

HEADERS = {
    "x-correlation-id": "correlation_id",
    "x-causation-id": "causation_id",
    "x-actor": "actor",
    "traceparent": "traceparent",
}

_current: ContextVar[dict[str, str] | None] = ContextVar("trace", default=None)


def current() -> dict[str, str]:
    """The metadata of the request in hand: some of correlation_id, causation_id, actor, traceparent."""
    return _current.get() or {}


def bind(values: dict[str, str]) -> Any:
    """Makes `values` current in this task and answers the token that `unbind` takes."""
    return _current.set(values)


def unbind(token: Any) -> None:
    """Restores what was current before `bind`."""
    _current.reset(token)


@contextmanager
def traced(**values: str) -> Generator[None]:
    """Adds to the current metadata within a block: `with traced(actor="planner"): ...`."""
    token = bind({**current(), **values})
    try:
        yield
    finally:
        unbind(token)


def as_headers() -> dict[str, str]:
    """The current metadata as request headers for another layer."""
    values = current()
    return {header: values[key] for header, key in HEADERS.items() if key in values} if values else {}
