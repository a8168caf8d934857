"""The one unit of work: the only place that writes, and so the only one that commits.

A verb on one record is one statement (`statements.py`): row, version and event. Several records together are
`async with store.transaction() as tx`. Either way the event is in the same transaction as the change, and the answer
exists only after the commit.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from asyncpg import Record

from agentic.layers.base import jsonio, tracing
from agentic.layers.base.common_errors import TooLargeError
from agentic.layers.base.http import MAX_BODY
from agentic.layers.base.ids import now, uuid7
from agentic.layers.L01_data_layer.append_statements import APPEND, APPEND_EXPECTING, HOLD
from agentic.layers.L01_data_layer.coalescer import Coalescer
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.statements import Statement, TableStatements

NO_JSON = b"{}"


class Created(NamedTuple):
    """A new record: its JSON is the row, the event's payload and the answer."""

    id: UUID
    payload: bytes
    event_id: UUID
    metadata: bytes
    created_at: datetime


class Changed(NamedTuple):
    """Changed fields of a record; `stamps` are added when its status changes, which `allowed` states permit."""

    id: UUID
    payload: bytes
    stamps: bytes
    event_id: UUID
    metadata: bytes
    moment: datetime
    expected: int | None
    allowed: str | None


class Deleted(NamedTuple):
    """The end of a record."""

    id: UUID
    event_id: UUID
    metadata: bytes
    moment: datetime
    expected: int | None


class Appended(NamedTuple):
    """A fact that changes no row."""

    id: UUID
    event_type: str
    aggregate_type: str
    aggregate_id: UUID
    payload: bytes
    metadata: bytes
    created_at: datetime
    expected: int | None


class Fetch(Protocol):
    """Runs one statement and answers its rows: a pool's connection or a transaction's."""

    async def __call__(self, query: str, /, *args: Any) -> list[Record]:
        """All rows."""
        ...


def payload_of(value: object) -> bytes:
    """The JSON text of what is to be stored.

    Raises:
        TooLargeError: a request could not have brought it: what is refused over HTTP is refused in process too.
    """
    data = jsonio.encode(value)
    if len(data) > MAX_BODY:
        raise TooLargeError(f"What is to be stored is larger than {MAX_BODY // (1024 * 1024)} MB.")
    return data


def trace() -> bytes:
    """The metadata of the request in hand, for its events."""
    values = tracing.current()
    return jsonio.encode(values) if values else NO_JSON


async def run(fetch: Fetch, statement: Statement, items: list[Any]) -> list[Record]:
    """One statement for all `items`: each of their fields is one array, in the order that the statement takes them."""
    columns = dict(zip(items[0]._fields, zip(*items, strict=True), strict=True))
    return await fetch(statement.sql, *(columns[name] for name in statement.names))


class Writes:
    """The writes of one table, each verb with a coalescer of its own."""

    def __init__(self, store: Store, statements: TableStatements) -> None:
        self._store = store
        self._statements = statements
        self._creates: Coalescer[Created, None] = Coalescer(self._create_all)
        self._changes: Coalescer[Changed, Record] = Coalescer(self._change_all)
        self._deletes: Coalescer[Deleted, Record] = Coalescer(self._delete_all)

    async def create(self, item: Created) -> None:
        """Writes a new record."""
        await self._creates.submit(item, len(item.payload))
        self._store.written()

    async def change(self, item: Changed) -> Record:
        """Changes a record; the row says what became of it (`TableStatements.update`)."""
        row = await self._changes.submit(item, len(item.payload), item.id)
        self._store.written()
        return row

    async def delete(self, item: Deleted) -> Record:
        """Deletes a record; the row says what became of it (`TableStatements.delete`)."""
        row = await self._deletes.submit(item, 100, item.id)
        self._store.written()
        return row

    async def _create_all(self, items: list[Created]) -> list[None]:
        await run(self._store.database.write, self._statements.create, items)
        return [None] * len(items)

    async def _change_all(self, items: list[Changed]) -> list[Record]:
        return await run(self._store.database.write, self._statements.update, items)

    async def _delete_all(self, items: list[Deleted]) -> list[Record]:
        return await run(self._store.database.write, self._statements.delete, items)


class Transaction:
    """Several changes, all or nothing."""

    def __init__(self, fetch: Fetch) -> None:
        self.fetch = fetch

    async def create(self, statements: TableStatements, item: Created) -> None:
        """Writes a new record."""
        await self.create_all(statements, [item])

    async def create_all(self, statements: TableStatements, items: list[Created]) -> None:
        """Writes new records."""
        if items:
            await run(self.fetch, statements.create, items)

    async def change(self, statements: TableStatements, item: Changed) -> Record:
        """Changes a record; the row says what became of it."""
        return (await run(self.fetch, statements.update, [item]))[0]

    async def delete(self, statements: TableStatements, item: Deleted) -> Record:
        """Deletes a record; the row says what became of it."""
        return (await run(self.fetch, statements.delete, [item]))[0]

    async def hold(self, items: list[Appended]) -> None:
        """Makes the other writers of these aggregates wait: to be called before appending to them one after the other."""
        await self.fetch(HOLD, [item.aggregate_type for item in items], [item.aggregate_id for item in items])

    async def append(self, items: list[Appended]) -> list[int]:
        """Appends facts in this order and answers their versions."""
        return [row["version"] for row in await run(self.fetch, APPEND, items)]

    async def append_expecting(self, item: Appended) -> int | None:
        """Appends one fact and answers its version; none when its aggregate does not stand at `expected`."""
        return (await run(self.fetch, APPEND_EXPECTING, [item]))[0]["version"]

    async def record(self, event_type: str, aggregate_type: str, aggregate_id: UUID, payload: object) -> int:
        """Appends one fact about what this transaction did, and answers its version."""
        data = jsonio.encode(payload)
        item = Appended(uuid7(), event_type, aggregate_type, aggregate_id, data, trace(), now(), None)
        return (await self.append([item]))[0]


class Store:
    """Writes rows and events together."""

    def __init__(self, database: Database, written: Callable[[], None]) -> None:
        self.database = database
        self.written = written
        """Called after each commit: there is something for the relay."""
        self._appends: Coalescer[Appended, int] = Coalescer(self._append_all)

    def writes(self, statements: TableStatements) -> Writes:
        """The writes of one table."""
        return Writes(self, statements)

    async def append(self, item: Appended) -> int | None:
        """Appends one fact and answers its version; none when its aggregate does not stand at `expected`."""
        if item.expected is None:
            version = await self._appends.submit(item, len(item.payload))
        else:
            version = (await run(self.database.write, APPEND_EXPECTING, [item]))[0]["version"]
        self.written()
        return version

    async def _append_all(self, items: list[Appended]) -> list[int]:
        return [row["version"] for row in await run(self.database.write, APPEND, items)]

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        """A block whose changes are committed when it is left, and undone when it raises."""
        async with self.database.writing() as connection, connection.transaction():
            yield Transaction(connection.fetch)
        self.written()
