"""Full-text search over documents, ranked and highlighted by PostgreSQL."""

from __future__ import annotations

from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import REAL, BigInteger, ColumnElement, Text, bindparam, func, select, tuple_
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE

from agentic.layers.base.operation import Answer
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.models.document import DocumentHit, DocumentSearch
from agentic.layers.L01_data_layer.pages import bad_cursor, decode_cursor, page_answer
from agentic.layers.L01_data_layer.services.records import Condition
from agentic.layers.L01_data_layer.statements import Statement, compiled, number, page_of, rendered, word
from agentic.layers.L01_data_layer.tables.document import DOCUMENTS, SEARCHED_CHARACTERS

START: Final = "\ue000"
STOP: Final = "\ue001"
"""Marks of ours around what was found: characters for private use, taken out of the text first."""
FRAGMENTS: Final = 'MaxFragments=2, MaxWords=30, MinWords=12, FragmentDelimiter=" … "'
ESCAPES: Final = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("''", "&#39;"))
MARKS: Final = ((START, "<mark>"), (STOP, "</mark>"))

FLOAT4 = cast("Any", REAL())
QUERY: ColumnElement[Any] = func.websearch_to_tsquery(word("english"), bindparam("q", type_=Text()))
RANK: ColumnElement[float] = func.ts_rank_cd(DOCUMENTS.c.searched, QUERY, type_=FLOAT4)
FILTERS: Final = tuple(name for name in DocumentSearch.model_fields if name not in ("q", "limit", "cursor"))
FOUND: Final = tuple(name for name in DocumentHit.__annotations__ if name in DOCUMENTS.c)


class Search:
    """Finds documents by their words."""

    def __init__(self, database: Database, condition: Condition) -> None:
        self._database = database
        self._condition = condition
        self._compiled: dict[tuple[tuple[str, ...], bool], Statement] = {}

    async def page(self, query: DocumentSearch) -> Answer:
        """One page of what was found, best first. Words that are in every text find nothing."""
        filters = {name: query.__dict__[name] for name in FILTERS if query.__dict__[name] is not None}
        shape = (tuple(filters), query.cursor is not None)
        if shape not in self._compiled:
            self._compiled[shape] = self._statement(*shape)
        statement = self._compiled[shape]
        values = {**filters, "q": query.q, "limit": query.limit, **_after(query.cursor)}
        row = await self._database.fetchrow(statement.sql, *(values[name] for name in statement.names))
        return page_answer(row)

    def _statement(self, filters: tuple[str, ...], after: bool) -> Statement:
        where = [self._condition(name, DOCUMENTS.c) for name in filters]
        if after:
            last = (sql_cast(bindparam("rank", type_=Text()), FLOAT4), bindparam("id", type_=UUID_TYPE()))
            where.append(tuple_(RANK, DOCUMENTS.c.id) < tuple_(*last))
        limit = bindparam("limit", type_=BigInteger())
        page = _best(where, limit + number(1))
        searched = func.left(func.coalesce(page.c.content, word("")), number(SEARCHED_CHARACTERS))
        fields: dict[str, ColumnElement[Any]] = {
            **{name: rendered(page.c[name]) for name in FOUND},
            "rank": page.c.rank,
            "title_highlight": _highlighted(page.c.title, "HighlightAll=true"),
            "highlight": _highlighted(searched, FRAGMENTS),
        }
        pairs = [part for name, value in fields.items() for part in (word(name), value)]
        key = sql_cast(page.c.rank, Text()) + word(" ") + sql_cast(page.c.id, Text())
        return compiled(page_of(page, func.json_build_object(*pairs), key, limit))


def _best(where: list[ColumnElement[bool]], limit: ColumnElement[int]) -> Any:
    # Contents go through the sort untouched, as pointers; only those on the page are read and highlighted.
    return (
        select(*(DOCUMENTS.c[name] for name in FOUND), DOCUMENTS.c.content, RANK.label("rank"))
        .where(DOCUMENTS.c.searched.op("@@", is_comparison=True)(QUERY), *where)
        .order_by(RANK.desc(), DOCUMENTS.c.id.desc())
        .limit(limit)
        .subquery("page")
    )


def _highlighted(text: ColumnElement[Any], options: str) -> ColumnElement[Any]:
    """The text as HTML that is safe whatever it says: marked by PostgreSQL, then escaped, then the marks made tags."""
    plain = func.translate(text, word(START + STOP), word(""))
    marked = func.ts_headline(
        word("english"), plain, QUERY, word(f'{options}, StartSel="{START}", StopSel="{STOP}"')
    )
    for character, replacement in (*ESCAPES, *MARKS):
        marked = func.replace(marked, word(character), word(replacement))
    return cast("ColumnElement[Any]", marked)


def _after(cursor: str | None) -> dict[str, Any]:
    if cursor is None:
        return {}
    rank, _, record_id = decode_cursor(cursor).partition(" ")
    try:
        float(rank)
        return {"rank": rank, "id": UUID(record_id)}
    except ValueError:
        raise bad_cursor() from None
