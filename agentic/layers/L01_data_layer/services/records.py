"""The records of one table, to be read: one, or a page of those that meet filters, as they are or as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple
from uuid import UUID

from asyncpg import Record
from sqlalchemy import ColumnElement, select

from agentic.layers.base.operation import Answer
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.fold import Bound, folded, ids_to_fold
from agentic.layers.L01_data_layer.looking import FOLDED, READ, Look
from agentic.layers.L01_data_layer.models.resource import Paging
from agentic.layers.L01_data_layer.pages import bad_cursor, decode_cursor, page_answer
from agentic.layers.L01_data_layer.services.history import Past
from agentic.layers.L01_data_layer.statements import Statement, TableStatements, compiled, public

Condition = Callable[[str, Any], ColumnElement[bool]]
"""What a filter means, given its name and the columns of the rows."""


class _Shape(NamedTuple):
    """What distinguishes one statement from another; values do not."""

    what: Literal["one", "page", "count"]
    names: tuple[str, ...]
    past: Bound | None
    down: bool = False
    after: bool = False


class Records:
    """Reads one table, or its past; lists run in the order of the column `by`, which is unique among what they show."""

    def __init__(
        self,
        database: Database,
        statements: TableStatements,
        condition: Condition,
        by: str = "id",
        searched: frozenset[str] = frozenset(),
    ) -> None:
        self._database = database
        self._statements = statements
        self._condition = condition
        self._by = by
        self._searched = searched
        """The filters that no index serves."""
        self._compiled: dict[_Shape, Statement] = {}

    async def one(self, where: Mapping[str, Any], past: Past | None = None) -> Answer | None:
        """The record whose columns have these values, if there is or was one."""
        row = await self._fetch(_Shape("one", tuple(where), _kind(past)), where, past)
        return None if row is None else Answer(row[1], row[0])

    async def page(self, query: Paging, filters: Mapping[str, Any], past: Past | None = None) -> Answer:
        """One page of the records that meet `filters`."""
        names, kind = tuple(filters), _kind(past)
        after = self._after(query.cursor)
        values = {**filters, "limit": query.limit, "after": after}
        shape = _Shape("page", names, kind, query.order == "desc", after is not None)
        row = await self._fetch(shape, values, past)
        counted = await self._fetch(_Shape("count", names, kind), values, past) if query.total else None
        return page_answer(row, counted)

    async def _fetch(self, shape: _Shape, values: Mapping[str, Any], past: Past | None) -> Record | None:
        statement = self._compiled.get(shape)
        if statement is None:
            statement = self._compiled[shape] = self._compile(shape)
        known = {**values, "bound": past.bound} if past is not None else values
        return await self._database.fetchrow(statement.sql, *(known[name] for name in statement.names))

    def _compile(self, shape: _Shape) -> Statement:
        make, names = self._statements, shape.names
        if shape.what == "one":
            return make.get(self._source(shape.past), names)
        if self._by == "id" and shape.past is not None:
            ids = ids_to_fold(make.name, shape.past, names)
            look = Look(ids, FOLDED, down=shape.down, after=shape.after)
            return self._among(look, folded(make.table, make.name, shape.past, look.records), names, shape)
        if self._by == "id" and (searched := self._searched.intersection(names)):
            served = self._conditions([name for name in names if name not in searched], make.table)
            look = Look(select(*public(make.table)).where(*served), READ, down=shape.down, after=shape.after)
            return self._among(look, look.records, searched, shape)
        source = self._source(shape.past)
        conditions = self._conditions(names, source)
        if shape.what == "count":
            return compiled(make.count(source, conditions))
        return compiled(make.page(source, conditions, self._by, down=shape.down, after=shape.after))

    def _among(self, look: Look, source: Any, names: Iterable[str], shape: _Shape) -> Statement:
        conditions = self._conditions(names, source)
        if shape.what == "count":
            return compiled(look.count(self._statements.count(source, conditions)))
        return compiled(look.page(self._statements.page(source, conditions, down=shape.down, after=False)))

    def _source(self, past: Bound | None) -> Any:
        make = self._statements
        return make.table if past is None else folded(make.table, make.name, past)

    def _conditions(self, names: Iterable[str], source: Any) -> list[ColumnElement[bool]]:
        return [self._condition(name, source.c) for name in names]

    def _after(self, cursor: str | None) -> UUID | str | None:
        if cursor is None:
            return None
        key = decode_cursor(cursor)
        if self._by != "id":
            return key
        try:
            return UUID(key)
        except ValueError:
            raise bad_cursor() from None


def _kind(past: Past | None) -> Bound | None:
    return past.kind if past is not None else None
