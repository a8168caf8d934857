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


def page_answer(row: Any, counted: Any = None) -> Answer:
    """One page as JSON, around the items that PostgreSQL rendered; `counted` is the row of a total that was asked for."""
    items, more, last = row
    cursor = f'"{encode_cursor(last)}"' if more else "null"
    tail = "" if counted is None else f',"total":{"null" if counted[0] is None else counted[0]}'
    return Answer(b'{"items":%b,"next_cursor":%b%b}' % (items, cursor.encode(), tail.encode()))
