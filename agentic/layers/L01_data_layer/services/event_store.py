"""The log: append facts, read it forwards from a position or backwards from the newest."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import NotFoundError, StaleVersionError
from agentic.layers.base.ids import now, timestamp, uuid7
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.idempotency import once
from agentic.layers.L01_data_layer.models.event import EventBatch, EventCreate, EventQuery
from agentic.layers.L01_data_layer.relay import RENDER
from agentic.layers.L01_data_layer.services.event_pages import count_sql, page_sql
from agentic.layers.L01_data_layer.services.resource_service import parse_id
from agentic.layers.L01_data_layer.store import Appended, Store, Transaction, payload_of, trace


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
        groups = list(_together(items))
        async with self._store.transaction() as tx:
            if len(groups) > 1:
                await tx.hold(items)
            texts = iter([text for group in groups for text in await self._append_group(tx, group)])
        return Answer(b'{"items":[' + b",".join(answer or next(texts) for answer in answers) + b"]}")

    async def _append_group(self, tx: Transaction, group: list[Appended]) -> list[bytes]:
        if group[0].expected is not None:
            return [(await self._append_in(tx, group[0])).body]
        return [_rendered(item, version) for item, version in zip(group, await tx.append(group), strict=True)]

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


def _together(items: list[Appended]) -> Iterator[list[Appended]]:
    """What one statement appends: neighbours that expect nothing, or one that does."""
    for expecting, group in groupby(items, key=lambda item: item.expected is not None):
        if expecting:
            yield from ([item] for item in group)
        else:
            yield list(group)


def _item(body: EventCreate) -> Appended:
    metadata = {**jsonio.decode(trace()), **body.metadata}
    return Appended(
        uuid7(),
        body.event_type,
        body.aggregate_type,
        body.aggregate_id,
        payload_of(body.payload),
        payload_of(metadata),
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


ONE_EVENT = f"SELECT {RENDER} AS message FROM events WHERE id = $1"
CREATED_EVENT = f"""
SELECT id, version, {RENDER} AS message FROM events
WHERE aggregate_id = $1 AND aggregate_type = $2 AND version = 1 AND verb = 'create'
"""
CURRENT_VERSION = "SELECT version FROM aggregates WHERE aggregate_type = $1 AND aggregate_id = $2"
HEAD = "SELECT position FROM relay WHERE id = 1"
