"""The SQL that appends facts to the log: the next versions of their aggregates and the events, in one statement."""

from __future__ import annotations

from sqlalchemy import BigInteger, DateTime, Integer, Text, cast, func, insert, or_, select
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.dialects.postgresql import insert as upsert

from agentic.layers.L01_data_layer.statements import Statement, compiled, given_rows, number
from agentic.layers.L01_data_layer.tables.event import AGGREGATES, EVENTS


def _append(expecting: bool) -> Statement:
    given = given_rows(
        id=UUID(),
        event_type=Text(),
        aggregate_type=Text(),
        aggregate_id=UUID(),
        payload=JSONB(),
        metadata=JSONB(),
        created_at=DateTime(timezone=True),
        expected=BigInteger(),
    )
    key = (given.c.aggregate_type, given.c.aggregate_id)
    counted = (
        select(*key, func.count().label("n"), func.max(given.c.expected).label("expected"))
        .group_by(*key)
        .cte("counted")
    )
    rows = select(counted.c.aggregate_type, counted.c.aggregate_id, cast(counted.c.n, Integer())).order_by(
        counted.c.aggregate_type, counted.c.aggregate_id
    )
    if expecting:
        known = select(number(1)).where(
            AGGREGATES.c.aggregate_type == counted.c.aggregate_type,
            AGGREGATES.c.aggregate_id == counted.c.aggregate_id,
        )
        rows = rows.where(or_(counted.c.expected == number(0), known.exists()))
    taken = upsert(AGGREGATES).from_select(["aggregate_type", "aggregate_id", "version"], rows)
    expected_holds = AGGREGATES.c.version == select(func.max(given.c.expected)).scalar_subquery()
    head = (
        taken.on_conflict_do_update(
            index_elements=["aggregate_type", "aggregate_id"],
            set_={"version": AGGREGATES.c.version + taken.excluded.version},
            where=expected_holds if expecting else None,
        )
        .returning(*AGGREGATES.c)
        .cte("head")
    )
    same = (head.c.aggregate_type == counted.c.aggregate_type, head.c.aggregate_id == counted.c.aggregate_id)
    place = func.row_number().over(partition_by=key, order_by=given.c.ord)
    event = (
        insert(EVENTS)
        .from_select(
            ["id", "event_type", *(c.name for c in AGGREGATES.c), "payload", "metadata", "created_at"],
            select(
                given.c.id,
                given.c.event_type,
                *key,
                cast(head.c.version - counted.c.n + place, Integer()),
                given.c.payload,
                given.c.metadata,
                given.c.created_at,
            )
            .select_from(given)
            .join(counted, (counted.c.aggregate_type == key[0]) & (counted.c.aggregate_id == key[1]))
            .join(head, same[0] & same[1])
            .order_by(given.c.ord),
        )
        .returning(EVENTS.c.id, EVENTS.c.version)
        .cte("event")
    )
    return compiled(
        select(given.c.ord, event.c.version)
        .select_from(given)
        .outerjoin(event, event.c.id == given.c.id)
        .order_by(given.c.ord)
    )


APPEND = _append(expecting=False)
"""Parameters: the columns of `_append`. Result for each: ord, version. Several facts of one aggregate may come at once."""
APPEND_EXPECTING = _append(expecting=True)
"""The same for facts of one aggregate, written only when it stands at `expected`; the version is null when it does not."""

HOLD = """
INSERT INTO aggregates (aggregate_type, aggregate_id, version)
SELECT DISTINCT aggregate_type, aggregate_id, 0 FROM unnest($1::text[], $2::uuid[]) given (aggregate_type, aggregate_id)
ORDER BY 1, 2
ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE SET version = aggregates.version
"""
"""Takes the locks of aggregates in the one order in which every statement takes them: who wants the same ones waits, and
two who want them in turns do not wait for each other. Those that are new stand at version 0 until they are appended to.
"""
