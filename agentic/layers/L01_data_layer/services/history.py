"""Moments to look back to, and the versions that the records of one kind went through."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Integer, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.base.operation import Answer
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.fold import Bound, folded
from agentic.layers.L01_data_layer.models.fields import utc
from agentic.layers.L01_data_layer.models.history import HistoryQuery
from agentic.layers.L01_data_layer.pages import bad_cursor, decode_cursor, page_answer
from agentic.layers.L01_data_layer.statements import (
    Statement,
    TableStatements,
    compiled,
    number,
    page_of,
    rendered,
    word,
)
from agentic.layers.L01_data_layer.tables.event import EVENTS

BOOKKEEPING: Final = ("id", "version", "created_at", "updated_at")


class Past(NamedTuple):
    """A bound on the log: up to here the past is folded."""

    kind: Bound
    bound: datetime | int


def parse_as_of(text: str | None) -> Past | None:
    """A moment or a position; none when none was given.

    Raises:
        InvalidError: it is neither.
    """
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 19:
        return Past("position", int(text))
    try:
        return Past("time", datetime.fromisoformat(utc(text)))
    except ValueError as error:
        detail = f"neither a position nor a time such as 2026-11-22T12:00:00Z: {error}"
        raise InvalidError.of(("as_of", detail)) from None


class History:
    """The versions of the records of one kind: the events that changed them. They outlive the record."""

    def __init__(self, database: Database, statements: TableStatements, shown: tuple[str, ...] = ()) -> None:
        self._database = database
        self._name = statements.name
        self._page = _page(statements.name, shown)
        self._at = statements.get(folded(statements.table, statements.name, "version"))

    async def page(self, record_id: UUID, query: HistoryQuery) -> Answer:
        """The versions of a record, newest first, each with the values of the fields that are `shown`.

        Raises:
            NotFoundError: there never was such a record.
        """
        values = {"id": record_id, "before": _version(query.cursor), "limit": query.limit}
        row = await self._database.fetchrow(self._page.sql, *(values[name] for name in self._page.names))
        assert row is not None
        if row[0] == b"[]" and query.cursor is None:
            raise NotFoundError(f"There never was a {self._name} {record_id}.")
        return page_answer(row)

    async def at(self, record_id: UUID, version: int) -> dict[str, Any]:
        """The record as it was at a version.

        Raises:
            NotFoundError: it has no such version.
        """
        values = {"id": record_id, "bound": version}
        row = await self._database.fetchrow(self._at.sql, *(values[name] for name in self._at.names))
        if row is None or row[0] != version:
            raise NotFoundError(f"The {self._name} {record_id} has no version {version}.")
        return jsonio.decode(row[1])


def _version(cursor: str | None) -> int:
    if cursor is None:
        return 2**31 - 1
    text = decode_cursor(cursor)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise bad_cursor()
    return int(text)


def _page(name: str, shown: tuple[str, ...]) -> Statement:
    """Parameters: id, before (a version), limit. Result: items, more, last version."""
    limit = bindparam("limit", type_=BigInteger())
    page = _newest(name, limit + number(1))
    fields: dict[str, ColumnElement[Any]] = {
        "version": page.c.version,
        "event_id": page.c.id,
        "event_type": page.c.event_type,
        "position": page.c.position,
        "created_at": rendered(page.c.created_at),
        "actor": page.c.metadata.op("->>", return_type=Text())(word("actor")),
        "restored_from": page.c.metadata.op("->>", return_type=Text())(word("restored_from")),
        "changed": _changed(page.c.payload),
        **{field: page.c.payload.op("->")(word(field)) for field in shown},
    }
    pairs = [part for field, value in fields.items() for part in (word(field), value)]
    return compiled(page_of(page, func.json_build_object(*pairs), page.c.version, limit))


def _newest(name: str, limit: ColumnElement[int]) -> Any:
    return (
        select(EVENTS)
        .where(
            EVENTS.c.aggregate_type == word(name),
            EVENTS.c.aggregate_id == bindparam("id", type_=UUID_TYPE()),
            EVENTS.c.verb.is_not(None),
            EVENTS.c.version < bindparam("before", type_=Integer()),
        )
        .order_by(EVENTS.c.version.desc())
        .limit(limit)
        .subquery("page")
    )


def _changed(payload: ColumnElement[Any]) -> ColumnElement[Any]:
    key: ColumnElement[str] = func.jsonb_object_keys(payload).column_valued("key")
    names = select(key).where(key.not_in([word(name) for name in BOOKKEEPING]))
    return func.array(names.scalar_subquery())
