"""Pages of lists, and the opaque cursors between them."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from typing import Any

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.operation import Answer


def encode_cursor(key: str) -> str:
    """An opaque cursor: what comes after `key`."""
    return urlsafe_b64encode(key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """The key that a cursor names.

    Raises:
        InvalidError: this is no cursor that a list gave.
    """
    try:
        key = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise bad_cursor() from None
    if "\x00" in key:
        raise bad_cursor()
    return key


def bad_cursor() -> InvalidError:
    """The error for a cursor that no list gave."""
    return InvalidError.of(("cursor", "not a cursor that a list gave"))


def page_answer(row: Any, total: int | None = None) -> Answer:
    """One page as JSON, around the items that PostgreSQL rendered."""
    items, more, last = row
    cursor = f'"{encode_cursor(last)}"' if more else "null"
    tail = "" if total is None else f',"total":{total}'
    return Answer(b'{"items":%b,"next_cursor":%b%b}' % (items, cursor.encode(), tail.encode()))
