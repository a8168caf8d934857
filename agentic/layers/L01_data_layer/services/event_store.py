"""The log: append facts, read it forwards from a position or backwards from the newest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError, NotFoundError, StaleVersionError
from agentic.layers.base.ids import now, timestamp, uuid7
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.idempotency import once
from agentic.layers.L01_data_layer.models.event import EventBatch, EventCreate, EventFilter, EventQuery
from agentic.layers.L01_data_layer.relay import RENDER
from agentic.layers.L01_data_layer.services.resource_service import parse_id
from agentic.layers.L01_data_layer.store import Appended, Store, Transaction, trace

CLOCK_SLACK: Final = "interval '5 minutes'"
"""How far the order of positions may differ from the order of the writers' clocks."""


@dataclass
class Where:
    """Conditions of a query with their parameters."""

    conditions: list[str] = field(default_factory=list[str])
    values: list[Any] = field(default_factory=list[Any])

    def add(self, condition: str, *values: Any) -> None:
        """Adds a condition; each `?` in it is the next of `values`."""
        for value in values:
            self.values.append(value)
            condition = condition.replace("?", f"${len(self.values)}", 1)
        self.conditions.append(condition)

    def sql(self) -> str:
        """All of them together."""
        return " AND ".join(self.conditions) or "true"


class EventStore:
    """Appends and reads events. What a row change emits is written by the store, not here."""

    def __init__(self, store: Store, record_kinds: frozenset[str]) -> None:
        self._store = store
        self._record_kinds = record_kinds

    async def append(self, call: Call) -> Answer:
        """Appends one fact. The `created` event of a record that the store wrote itself is recognised, not repeated."""
        body = validated(EventCreate, call.body)
        if (known := await self._already_recorded(body)) is not None:
            return known
        item = _item(body)
        if call.key is not None:
            return await once(self._store, "event", call, lambda tx: self._append_in(tx, item))
        version = await self._store.append(item)
        if version is None:
            raise await self._stale(body)
        return Answer(_rendered(item, version), version, str(item.id))

    async def append_all(self, call: Call) -> Answer:
        """Appends facts in the given order, all or nothing."""
        batch = validated(EventBatch, call.body)
        items: list[Appended] = []
        answers: list[bytes | None] = []
        for body in batch.events:
            known = await self._already_recorded(body)
            answers.append(known.body if known else None)
            if known is None:
                items.append(_item(body))
        async with self._store.transaction() as tx:
            texts = iter([(await self._append_in(tx, item)).body for item in items])
        return Answer(b'{"items":[' + b",".join(answer or next(texts) for answer in answers) + b"]}")

    async def _append_in(self, tx: Transaction, item: Appended) -> Answer:
        expecting = item.expected is not None
        version = await tx.append_expecting(item) if expecting else (await tx.append([item]))[0]
        if version is None:
            raise StaleVersionError(f"The {item.aggregate_type} is not at version {item.expected}.")
        return Answer(_rendered(item, version), version, str(item.id))

    async def _already_recorded(self, body: EventCreate) -> Answer | None:
        # The specification's planning pattern creates a goal and then publishes `goal.created`: the same fact twice.
        name = body.aggregate_type
        if name not in self._record_kinds or body.event_type != f"{name}.created":
            return None
        row = await self._store.database.fetchrow(CREATED_EVENT, body.aggregate_id, name)
        return None if row is None else Answer(row["message"], row["version"], str(row["id"]))

    async def _stale(self, body: EventCreate) -> StaleVersionError:
        row = await self._store.database.fetchrow(CURRENT_VERSION, body.aggregate_type, body.aggregate_id)
        version = row["version"] if row else 0
        detail = f"The {body.aggregate_type} is at version {version}, not {body.expected_version}."
        return StaleVersionError(detail, current_version=version)

    async def get(self, call: Call) -> Answer:
        """One event."""
        event_id = parse_id(call.path["id"])
        row = await self._store.database.fetchrow(ONE_EVENT, event_id)
        if row is None:
            raise NotFoundError(f"There is no event {event_id}.")
        return Answer(row["message"])

    async def kinds(self, call: Call) -> Answer:
        """The kinds of events that there are, each with its count."""
        row = await self._store.database.fetchrow(KINDS)
        assert row is not None
        return Answer(b'{"items":' + row[0] + b"}")

    async def head(self, call: Call) -> Answer:
        """The position of the newest event that has one."""
        row = await self._store.database.fetchrow(HEAD)
        return Answer(b'{"position":%d}' % (row[0] if row else 0))

    async def list(self, call: Call) -> Answer:
        """Events that meet the filters: forwards with `after`, otherwise backwards from the newest."""
        query = validated(EventQuery, call.query)
        sql, values = page_sql(query)
        rows = await self._store.database.fetch(sql, *values)
        more = len(rows) > query.limit
        rows = rows[: query.limit]
        items = b",".join(row["message"] for row in rows)
        last = next((row["position"] for row in reversed(rows) if row["position"] is not None), None)
        cursor = f'"{last}"' if more and last is not None else "null"
        total = f',"total":{await self._count(query)}' if query.total else ""
        return Answer(b'{"items":[%b],"next_cursor":%b%b}' % (items, cursor.encode(), total.encode()))

    async def _count(self, query: EventQuery) -> int:
        sql, values = count_sql(query)
        row = await self._store.database.fetchrow(sql, *values)
        return row[0] if row else 0


def _item(body: EventCreate) -> Appended:
    metadata = {**jsonio.decode(trace()), **body.metadata}
    return Appended(
        uuid7(),
        body.event_type,
        body.aggregate_type,
        body.aggregate_id,
        jsonio.encode(body.payload),
        jsonio.encode(metadata),
        now(),
        body.expected_version,
    )


def _rendered(item: Appended, version: int) -> bytes:
    head = {
        "event_type": item.event_type,
        "aggregate_type": item.aggregate_type,
        "aggregate_id": str(item.aggregate_id),
    }
    tail = {"id": str(item.id), "position": None, "version": version}
    created = jsonio.encode(timestamp(item.created_at))
    return b'%b,"payload":%b,%b,"metadata":%b,"created_at":%b}' % (
        jsonio.encode(head)[:-1],
        item.payload,
        jsonio.encode(tail)[1:-1],
        item.metadata,
        created,
    )


def page_sql(query: EventQuery) -> tuple[str, list[Any]]:
    """The statement and parameters of one page, one row more than the limit.

    A filter by kind is answered from the short table of kinds: the newest of each kind by index, merged. So a rare kind
    costs no scan of the log, and a pattern no sort of it.
    """
    forwards = query.after is not None
    where, kinds = conditions_of(query)
    order = "position" if forwards else "position DESC"
    limit = query.limit + 1
    if kinds.conditions:
        newest = f"""SELECT e.* FROM (SELECT event_type, aggregate_type FROM event_kinds WHERE {kinds.sql()}) k
        CROSS JOIN LATERAL (SELECT * FROM events WHERE event_type = k.event_type AND aggregate_type = k.aggregate_type
          AND position IS NOT NULL AND {where.sql()} ORDER BY {order} LIMIT {limit}) e ORDER BY {order} LIMIT {limit}"""
    else:
        # An aggregate's own index gives its few events; without the `+ 0` a planner may walk the whole log instead.
        by = order.replace("position", "position + 0") if is_narrow(query) else order
        newest = (
            f"SELECT * FROM events WHERE position IS NOT NULL AND {where.sql()} ORDER BY {by} LIMIT {limit}"
        )
    if not forwards and query.cursor is None:
        pending = f"""SELECT * FROM events WHERE position IS NULL AND {where.sql()} AND {kinds.sql()}
        ORDER BY insert_order DESC LIMIT {limit}"""
        newest = f"({pending}) UNION ALL ({newest})"
        order = "position DESC NULLS FIRST, insert_order DESC"
    sql = f"SELECT position, {RENDER} AS message FROM ({newest}) page ORDER BY {order} LIMIT {limit}"
    return sql, where.values


def count_sql(query: EventQuery) -> tuple[str, list[Any]]:
    """The statement and parameters of how many events meet the filters, on whatever page.

    Filters by kind alone are answered from the table of kinds, however long the log is.
    """
    where, kinds = conditions_of(query.model_copy(update={"cursor": None}))
    if not where.conditions:
        placed = f"SELECT coalesce(sum(count), 0)::bigint FROM event_kinds WHERE {kinds.sql()}"
    elif kinds.conditions:
        placed = f"""SELECT coalesce(sum(n), 0)::bigint FROM (SELECT * FROM event_kinds WHERE {kinds.sql()}) k
        CROSS JOIN LATERAL (SELECT count(*) AS n FROM events WHERE event_type = k.event_type
          AND aggregate_type = k.aggregate_type AND position IS NOT NULL AND {where.sql()}) counted"""
    else:
        placed = f"SELECT count(*) FROM events WHERE position IS NOT NULL AND {where.sql()}"
    if query.after is not None:
        return placed, where.values
    pending = f"SELECT count(*) FROM events WHERE position IS NULL AND {where.sql()} AND {kinds.sql()}"
    return f"SELECT ({placed}) + ({pending})", where.values


def conditions_of(query: EventFilter) -> tuple[Where, Where]:
    """What is asked of an event, and what of its kind."""
    where = Where()
    _bounds(query, where)
    kinds = Where(values=where.values)
    if query.aggregate_id is not None:
        where.add("aggregate_id = ?", query.aggregate_id)
    for name in ("correlation_id", "causation_id"):
        if (value := getattr(query, name)) is not None:
            where.add(f"metadata->>'{name}' = ?", value)
    _kinds(query, where if is_narrow(query) else kinds)
    return where, kinds


def is_narrow(query: EventFilter) -> bool:
    """True when few events can meet the filters, and an index of their own finds them."""
    return (query.aggregate_id or query.correlation_id or query.causation_id) is not None


def _page_bounds(query: EventQuery, where: Where) -> None:
    if query.after is not None:
        where.add("position > ?", max(query.after, decode_position(query.cursor) or 0))
    elif query.cursor is not None:
        where.add("position < ?", decode_position(query.cursor))


def _bounds(query: EventFilter, where: Where) -> None:
    if isinstance(query, EventQuery):
        _page_bounds(query, where)
    if query.since is not None:
        where.add("created_at >= ?::text::timestamptz", query.since)
        first = f"created_at >= ?::text::timestamptz - {CLOCK_SLACK}"
        where.add(
            f"coalesce(position, {2**62}) >= (SELECT coalesce((SELECT position FROM events WHERE {first} "
            "AND position IS NOT NULL ORDER BY created_at LIMIT 1), 0))",
            query.since,
        )
    if query.until is not None:
        where.add("created_at <= ?::text::timestamptz", query.until)
        last = f"created_at <= ?::text::timestamptz + {CLOCK_SLACK}"
        where.add(
            f"coalesce(position, 0) <= (SELECT coalesce((SELECT position FROM events WHERE {last} "
            f"AND position IS NOT NULL ORDER BY created_at DESC LIMIT 1), {2**62}))",
            query.until,
        )


def _kinds(query: EventFilter, where: Where) -> None:
    if query.aggregate_type is not None:
        where.add("aggregate_type = ?", query.aggregate_type)
    if query.event_type is not None:
        names = [name.strip() for name in query.event_type.split(",") if name.strip()]
        exact = [name for name in names if not name.endswith("*")]
        prefixes = [name[:-1] for name in names if name.endswith("*")]
        where.add(
            "(event_type = ANY(?::text[]) OR EXISTS (SELECT FROM unnest(?::text[]) prefix"
            " WHERE starts_with(event_type, prefix)))",
            exact,
            prefixes,
        )


def decode_position(cursor: str | None) -> int | None:
    """The position that a cursor of the log names.

    Raises:
        InvalidError: this is no cursor that the log gave.
    """
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise InvalidError.of(("cursor", "not a cursor that a list gave"))
    return int(cursor)


ONE_EVENT = f"SELECT {RENDER} AS message FROM events WHERE id = $1"
CREATED_EVENT = f"""
SELECT id, version, {RENDER} AS message FROM events
WHERE aggregate_id = $1 AND aggregate_type = $2 AND version = 1 AND verb = 'create'
"""
CURRENT_VERSION = "SELECT version FROM aggregates WHERE aggregate_type = $1 AND aggregate_id = $2"
HEAD = "SELECT position FROM relay WHERE id = 1"
KINDS = """
SELECT coalesce(json_agg(json_build_object('event_type', event_type, 'aggregate_type', aggregate_type, 'count', count)
  ORDER BY event_type, aggregate_type), '[]') FROM event_kinds
"""
