"""Records as they were, as rows: each the fold of its events up to a bound.

A record's state is the payload of its `create` with each later payload laid over it (`jsonb_merge`, an aggregate that
the first migration makes of PostgreSQL's own `||`); beneath lie the defaults of columns that were added later. `folded` gives such states the columns of their table, so that
lists, filters and answers are made from the past as they are from the present.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Table,
    bindparam,
    cast,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from agentic.layers.base import jsonio
from agentic.layers.L01_data_layer.conditions import CLOCK_SLACK, first_id, ids_since, ids_until
from agentic.layers.L01_data_layer.statements import default_of, from_json, number, public, word
from agentic.layers.L01_data_layer.tables.event import AGGREGATES, EVENTS


def before(table: Table) -> ColumnElement[Any]:
    """What a record had in the columns that came later than its events: an empty object when there are none."""
    later = {column.name: default_of(column) for column in public(table) if column.info.get("later")}
    return cast(word(jsonio.encode(later).decode()), JSONB())


Bound = Literal["time", "position", "version"]

VERSION: ColumnElement[Any] = func.jsonb_build_object(word("version"), EVENTS.c.version)
STATE: ColumnElement[Any] = func.jsonb_merge(
    aggregate_order_by(EVENTS.c.payload.op("||")(VERSION), EVENTS.c.version)
)
"""The state that the events of one record add up to."""

ENDED_ALIVE: ColumnElement[bool] = (
    func.max(EVENTS.c.version)
    .filter(EVENTS.c.verb == word("delete"))
    .is_distinct_from(func.max(EVENTS.c.version))
)
"""There were events, and the last of them was no `delete`. (A configuration may be deleted and made again.)"""


def within(bound: Bound) -> ColumnElement[bool]:
    """The events up to the parameter `bound`."""
    if bound == "time":
        return EVENTS.c.created_at <= bindparam("bound", type_=DateTime(timezone=True))
    if bound == "position":
        return EVENTS.c.position <= bindparam("bound", type_=BigInteger())
    return EVENTS.c.version <= bindparam("bound", type_=Integer())


_OF_IDS: Final = {"since": ids_since, "until": ids_until}


def ids_to_fold(name: str, bound: Bound, filters: Container[str]) -> Select[*tuple[Any, ...]]:
    """The ids of records that may have been there then.

    Ids begin with their time: those that cannot have been made in the time in question are passed by. Parameters: bound,
    and what is there of `since` and `until`.
    """
    key = AGGREGATES.c.aggregate_id
    where = [AGGREGATES.c.aggregate_type == word(name), key < _first_after(bound)]
    where += [bounds(key) for each, bounds in _OF_IDS.items() if each in filters]
    return select(key.label("id")).where(*where)


def _first_after(bound: Bound) -> ColumnElement[Any]:
    moment: Any = bindparam("bound", type_=DateTime(timezone=True))
    if bound == "position":
        last = select(EVENTS.c.created_at).where(within(bound)).order_by(EVENTS.c.position.desc())
        moment = last.limit(number(1)).scalar_subquery()
    return first_id(moment, CLOCK_SLACK)


def folded(table: Table, name: str, bound: Bound, ids: Any = None) -> Any:
    """The records of an aggregate type up to a bound, as a source with the columns of `table`; with `ids`, only those.

    Each record is folded as it is reached: a page costs what its records cost, however long the log is.
    """
    if ids is None:
        ids = (
            select(AGGREGATES.c.aggregate_id.label("id"))
            .where(AGGREGATES.c.aggregate_type == word(name))
            .subquery("ids")
        )
    past = (
        select(before(table).op("||")(STATE).label("state"))
        .where(
            EVENTS.c.aggregate_type == word(name),
            EVENTS.c.aggregate_id == ids.c.id,
            EVENTS.c.verb.is_not(None),
            within(bound),
        )
        .having(ENDED_ALIVE)
        .lateral("past")
    )
    columns = [
        from_json(past.c.state, column).label(column.name) for column in public(table) if column.name != "id"
    ]
    return select(ids.c.id, *columns).select_from(ids.join(past, true())).subquery("then")
