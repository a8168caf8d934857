"""Records as they were, as rows: each the fold of its events up to a bound.

A record's state is the payload of its `create` with each later payload laid over it (`jsonb_merge`, an aggregate that
the first migration makes of PostgreSQL's own `||`); beneath lie the defaults of columns that were added later. `folded` gives such states the columns of their table, so that
lists, filters and answers are made from the past as they are from the present.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Table,
    bindparam,
    cast,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from agentic.layers.base import jsonio
from agentic.layers.L01_data_layer.conditions import CLOCK_SLACK, first_id
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


def made_by(rows: Any, bound: Bound) -> ColumnElement[bool]:
    """Only ids that may have existed at the bound: they begin with their time. Spares looking for the others' events."""
    moment: Any = bindparam("bound", type_=DateTime(timezone=True))
    if bound == "position":
        last = select(EVENTS.c.created_at).where(within(bound)).order_by(EVENTS.c.position.desc())
        moment = last.limit(number(1)).scalar_subquery()
    return rows["id"] < first_id(moment, CLOCK_SLACK)


def folded(table: Table, name: str, bound: Bound) -> Any:
    """The records of an aggregate type up to a bound, as a source with the columns of `table`.

    Ids come from the primary key of `aggregates`, in order, and each record is folded as it is reached: a page costs
    what its records cost, however long the log is.
    """
    past = (
        select(before(table).op("||")(STATE).label("state"))
        .where(
            EVENTS.c.aggregate_type == word(name),
            EVENTS.c.aggregate_id == AGGREGATES.c.aggregate_id,
            EVENTS.c.verb.is_not(None),
            within(bound),
        )
        .having(ENDED_ALIVE)
        .lateral("past")
    )
    columns = [
        from_json(past.c.state, column).label(column.name) for column in public(table) if column.name != "id"
    ]
    return (
        select(AGGREGATES.c.aggregate_id.label("id"), *columns)
        .select_from(AGGREGATES.join(past, true()))
        .where(AGGREGATES.c.aggregate_type == word(name))
        .subquery("then")
    )
