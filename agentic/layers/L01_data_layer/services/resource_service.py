"""The five verbs, for any resource. A sixth verb or an exception to one of these is a plain function of its own store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from asyncpg import Record
from sqlalchemy import ColumnElement, Table

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import (
    InvalidError,
    NotFoundError,
    StaleVersionError,
    StateError,
)
from agentic.layers.base.ids import now, timestamp, uuid7
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.base.states import sources
from agentic.layers.L01_data_layer.conditions import equals, since, until
from agentic.layers.L01_data_layer.idempotency import once
from agentic.layers.L01_data_layer.models.resource import AsOf, Resource, filters_of
from agentic.layers.L01_data_layer.services.history import Past, parse_as_of
from agentic.layers.L01_data_layer.services.records import Records
from agentic.layers.L01_data_layer.statements import TableStatements, default_of, public
from agentic.layers.L01_data_layer.store import (
    Changed,
    Created,
    Deleted,
    Store,
    Transaction,
    payload_of,
    trace,
)

R = TypeVar("R")

NOTHING = Answer(b"")


def parse_id(value: Any, field: str = "id") -> UUID:
    """An id, as text or already one.

    Raises:
        InvalidError: it is no UUID.
    """
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise InvalidError.of((field, "not a UUID")) from None


class ResourceService(Generic[R]):
    """Create, get, list, update and delete the records of one resource."""

    SEARCHED: ClassVar[frozenset[str]] = frozenset()
    """The filters that no index serves, as they look into a text."""

    def __init__(
        self,
        store: Store,
        resource: Resource[R],
        table: Table,
        statements: TableStatements | None = None,
    ) -> None:
        self.store = store
        self.resource = resource
        self.table = table
        self.statements = statements or TableStatements(table, resource.name)
        self.records = Records(store.database, self.statements, self.condition, searched=self.SEARCHED)
        self._writes = store.writes(self.statements)
        self._blank = self._blank_record()

    # -- create

    async def create(self, call: Call) -> Answer:
        """Writes a new record and its `<resource>.created` event, and answers the record."""
        return await self.add(call, validated(self.resource.create, call.body).__dict__)

    async def add(self, call: Call, values: Mapping[str, Any]) -> Answer:
        """`create` with validated values; once, when `call` has an idempotency key."""
        item = self.new(values)
        if call.key is None:
            await self._writes.create(item)
            return Answer(item.payload, 1, str(item.id))
        return await once(self.store, self.resource.name, call, lambda tx: self._create_in(tx, item))

    def new(self, values: Mapping[str, Any]) -> Created:
        """A record from validated values: complete before it is written, so that it is the answer too."""
        moment = now()
        record_id = uuid7()
        record = {**self._blank, **values, "id": str(record_id)}
        at = timestamp(moment)
        for name in ("created_at", "updated_at"):
            if name in record:
                record[name] = at
        self.complete(record)
        return Created(record_id, payload_of(record), uuid7(), trace(), moment)

    def complete(self, record: dict[str, Any]) -> None:
        """Fills what a new record derives from the rest of it. Nothing, for most resources."""

    def _blank_record(self) -> dict[str, Any]:
        return {column.name: default_of(column) for column in public(self.table)}

    async def _create_in(self, tx: Transaction, item: Created) -> Answer:
        await tx.create(self.statements, item)
        return Answer(item.payload, 1, str(item.id))

    # -- get

    async def get(self, call: Call) -> Answer:
        """One record, as it is or as it was."""
        record_id = parse_id(call.path["id"])
        past = parse_as_of(validated(AsOf, call.query).as_of) if call.query else None
        answer = await self.records.one({"id": record_id}, past)
        if answer is None:
            raise self.missing(record_id, past)
        return answer

    def missing(self, record_id: UUID, past: Past | None = None) -> NotFoundError:
        """The error for an unknown id, or one that was not there then."""
        there_is = "There is" if past is None else "Then there was"
        return NotFoundError(f"{there_is} no {self.resource.name} {record_id}.")

    # -- list

    async def list(self, call: Call) -> Answer:
        """One page of records, newest first unless asked otherwise; with `as_of`, as they were."""
        query = validated(self.resource.filters, call.query)
        return await self.records.page(query, filters_of(query), parse_as_of(query.as_of))

    def condition(self, name: str, rows: Any) -> ColumnElement[bool]:
        """What a filter means, `rows` being the columns of a table or of the past: mostly, equality with a column."""
        known = {"since": since, "until": until}.get(name)
        return known(rows) if known is not None else equals(rows, name)

    # -- update

    async def update(self, call: Call) -> Answer:
        """Changes the fields that the body names, with one event, and answers the record."""
        assert self.resource.update is not None
        record_id = parse_id(call.path["id"])
        body = validated(self.resource.update, call.body)
        changes = {name: body.__dict__[name] for name in body.model_fields_set}
        if not changes:
            raise InvalidError.of(("body", "names no field to change"))
        return await self.write(record_id, changes, call.expected)

    async def write(self, record_id: UUID, changes: dict[str, Any], expected: int | None) -> Answer:
        """`update` with validated changes."""
        item = self.change(record_id, changes, expected)
        return self.changed(record_id, item, await self._writes.change(item))

    def change(self, record_id: UUID, changes: dict[str, Any], expected: int | None) -> Changed:
        """Validated changes of a record as an item for the store."""
        moment = now()
        at = timestamp(moment)
        stamps: dict[str, str] = {}
        allowed = None
        if "status" in changes and self.resource.lifecycle is not None:
            allowed = ",".join(sorted(self.states_before(changes["status"])))
            if (column := self.resource.lifecycle.stamps.get(changes["status"])) is not None:
                stamps[column] = at
        if "updated_at" in self.table.c:
            changes["updated_at"] = at
        payload = payload_of(changes)
        return Changed(record_id, payload, jsonio.encode(stamps), uuid7(), trace(), moment, expected, allowed)

    def states_before(self, status: str) -> frozenset[str]:
        """The states from which this one may be reached.

        Raises:
            InvalidError: there is no such state.
        """
        assert self.resource.lifecycle is not None
        machine = self.resource.lifecycle.machine
        if status not in machine:
            raise InvalidError.of(("status", f"not one of {', '.join(machine)}"))
        return sources(machine, status)

    def changed(self, record_id: UUID, item: Changed, row: Record) -> Answer:
        """The answer to a change, from the row that the store gave.

        Raises:
            NotFoundError, StaleVersionError, StateError: why nothing was changed.
        """
        _, version, status, new_version, record = row
        if version is None:
            raise self.missing(record_id)
        if new_version is not None:
            return Answer(record, new_version)
        if item.expected is not None and item.expected != version:
            raise stale(self.resource.name, item.expected, version)
        target = jsonio.decode(item.payload)["status"]
        raise StateError(f"A record that is {status} cannot become {target}.", current_status=status)

    # -- delete

    async def delete(self, call: Call) -> Answer:
        """Deletes a record, with its `<resource>.deleted` event."""
        record_id = parse_id(call.path["id"])
        item = Deleted(record_id, uuid7(), trace(), now(), call.expected)
        _, version, gone = await self._writes.delete(item)
        if version is None:
            raise self.missing(record_id)
        if gone is None:
            assert call.expected is not None
            raise stale(self.resource.name, call.expected, version)
        return NOTHING

    # -- several together

    async def change_in(
        self, tx: Transaction, record_id: UUID, changes: dict[str, Any], expected: int | None
    ) -> Answer:
        """`write` inside a transaction."""
        item = self.change(record_id, changes, expected)
        return self.changed(record_id, item, await tx.change(self.statements, item))


def stale(name: str, expected: int, version: int) -> StaleVersionError:
    """The error for a version that is no longer the record's."""
    detail = f"The {name} is at version {version}, not {expected}."
    return StaleVersionError(detail, current_version=version)
