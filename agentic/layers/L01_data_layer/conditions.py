"""What filters mean in SQL. Each takes the columns of the rows that it filters: a table's, or those of the past."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Double,
    Numeric,
    Text,
    and_,
    bindparam,
    cast,
    extract,
    func,
)
from sqlalchemy.dialects.postgresql import UUID, array

from agentic.layers.L01_data_layer.statements import number, word

CLOCK_SLACK: Final = 300_000
"""Milliseconds by which the time in an id may differ from `created_at`: a clock was set between the two."""


def equals(rows: Any, name: str) -> ColumnElement[bool]:
    """The column of this name has this value."""
    return rows[name] == bindparam(name, type_=rows[name].type)


def contains(rows: Any, column: str, name: str) -> ColumnElement[bool]:
    """The array in `column` has the value of the filter `name`."""
    wanted = cast(array([bindparam(name, type_=Text())]), rows[column].type)
    return rows[column].op("@>", is_comparison=True)(wanted)


def holds(rows: Any, column: str, name: str) -> ColumnElement[bool]:
    """The text in `column` has that of the filter `name` in it, in capitals or not."""
    return func.strpos(func.lower(rows[column]), func.lower(bindparam(name, type_=Text()))) > number(0)


def at_least(rows: Any, column: str, name: str) -> ColumnElement[bool]:
    """The column is not below the filter `name`."""
    return rows[column] >= _number(name)


def at_most(rows: Any, column: str, name: str) -> ColumnElement[bool]:
    """The column is not above the filter `name`."""
    return rows[column] <= _number(name)


def _number(name: str) -> ColumnElement[Any]:
    # A float as PostgreSQL reads it, 0.85 and not the binary fraction beside it.
    return cast(bindparam(name, type_=Double()), Numeric())


def since(rows: Any, name: str = "since") -> ColumnElement[bool]:
    """Created then or later. The bound on the id, in whose order lists run, spares reading what is older."""
    return and_(rows["created_at"] >= _moment(name), ids_since(rows["id"], name))


def until(rows: Any, name: str = "until") -> ColumnElement[bool]:
    """Created then or earlier. The bound on the id spares reading what is newer."""
    return and_(rows["created_at"] <= _moment(name), ids_until(rows["id"], name))


def ids_since(key: ColumnElement[Any], name: str = "since") -> ColumnElement[bool]:
    """The ids that may have been made then or later."""
    return key >= first_id(_moment(name), -CLOCK_SLACK)


def ids_until(key: ColumnElement[Any], name: str = "until") -> ColumnElement[bool]:
    """The ids that may have been made then or earlier."""
    return key < first_id(_moment(name), CLOCK_SLACK)


def _moment(name: str) -> ColumnElement[Any]:
    return cast(bindparam(name, type_=Text()), DateTime(timezone=True))


def first_id(moment: ColumnElement[Any], slack: int) -> ColumnElement[Any]:
    """The lowest UUIDv7 of a millisecond: its first 48 bits are the time."""
    millis = cast(func.floor(extract("epoch", moment) * number(1000)), BigInteger) + number(slack)
    digits = func.lpad(func.to_hex(func.greatest(millis, number(0))), number(12), word("0"))
    return cast(func.rpad(digits, number(32), word("0")), UUID())
