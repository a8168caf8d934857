"""The statements of configuration, whose records are known by namespace and key: a write makes or changes one.

Both writes take the aggregate's lock first and the row's second. The row may not be there yet, the aggregate's row is
there for whom the lock matters: so two writers of one key queue, in whatever order they come.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    Text,
    case,
    cast,
    delete,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB, UUID, aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert

from agentic.layers.L01_data_layer.statements import (
    Statement,
    TableStatements,
    answered,
    as_expected,
    as_json,
    compiled,
    events_for,
    given_deletions,
    given_rows,
    next_version,
    rendered,
    word,
)
from agentic.layers.L01_data_layer.tables.event import AGGREGATES

MADE: ColumnElement[bool] = literal_column("xmax = 0", Boolean())
"""Of a row that `ON CONFLICT DO UPDATE` returns: it was inserted. (One that was updated carries its updater's lock.)"""


class ConfigStatements(TableStatements):
    """`update` makes the record when there is none; each event's payload is the whole record, so readers know its key."""

    @cached_property
    def update(self) -> Statement:
        """Parameters: see `given` below; `payload` holds namespace, key and value. Result: that of the base.

        The new version is null when `expected` is not the record's version, or there is no record that has one.
        """
        table = self.table
        given = given_rows(
            id=UUID(),
            payload=JSONB(),
            event_id=UUID(),
            metadata=JSONB(),
            moment=DateTime(timezone=True),
            expected=Integer(),
        )
        current = self._current(given)
        accepted = (
            select(given)
            .outerjoin(current, current.c.id == given.c.id)
            .where(as_expected(given, current))
            .cte("accepted")
        )
        head = next_version(self.name, accepted)
        values = {
            "id": accepted.c.id,
            "namespace": accepted.c.payload.op("->>", return_type=Text())(word("namespace")),
            "key": accepted.c.payload.op("->>", return_type=Text())(word("key")),
            "value": accepted.c.payload.op("->", return_type=JSONB())(word("value")),
            "version": head.c.version,
            "created_at": accepted.c.moment,
            "updated_at": accepted.c.moment,
        }
        row = upsert(table).from_select(
            list(values),
            select(*values.values())
            .join_from(accepted, head, head.c.aggregate_id == accepted.c.id)
            .order_by(accepted.c.id),
        )
        # The id too: a row that somebody wrote with SQL has another, and is taken in.
        changing = {name: row.excluded[name] for name in ("id", "value", "version", "updated_at")}
        changed = (
            row.on_conflict_do_update(index_elements=["namespace", "key"], set_=changing)
            .returning(*[table.c[name] for name in self.columns], MADE.label("made"))
            .cte("changed")
        )
        record = as_json(changed, self.columns)
        event = self._event(
            accepted,
            changed,
            payload=cast(record, JSONB()),
            event_type=case((changed.c.made, word("config.created")), else_=word("config.updated")),
            verb=case((changed.c.made, word("create")), else_=word("update")),
        )
        return answered(given, current, changed, event, cast(null(), Text()), changed.c.version, record)

    @cached_property
    def delete(self) -> Statement:
        """Parameters: id, event_id, metadata, moment, expected. Result: that of the base."""
        table = self.table
        given = given_deletions()
        current = self._current(given)
        accepted = (
            select(given)
            .join(current, current.c.id == given.c.id)
            .where(as_expected(given, current))
            .cte("accepted")
        )
        head = next_version(self.name, accepted)
        gone = (
            delete(table)
            .where(table.c.id == head.c.aggregate_id)
            .returning(table.c.id, table.c.namespace, table.c.key, head.c.version.label("version"))
            .cte("gone")
        )
        address = func.jsonb_build_object(
            word("namespace"), gone.c.namespace, word("key"), gone.c.key, type_=JSONB()
        )
        event = self._event(
            accepted, gone, payload=address, event_type=word("config.deleted"), verb=word("delete")
        )
        return answered(given, current, gone, event, gone.c.id)

    def namespaces(self, source: Any) -> Statement:
        """The namespaces of `source`, by name, as one JSON array."""
        counted = (
            select(
                source.c.namespace,
                func.count().label("count"),
                func.max(source.c.updated_at).label("updated_at"),
            )
            .group_by(source.c.namespace)
            .subquery("counted")
        )
        item = func.json_build_object(
            word("namespace"),
            counted.c.namespace,
            word("count"),
            counted.c.count,
            word("updated_at"),
            rendered(counted.c.updated_at),
        )
        items = func.json_agg(aggregate_order_by(item, counted.c.namespace))
        return compiled(select(func.coalesce(items, cast(word("[]"), JSON()))))

    def _current(self, given: Any) -> Any:
        """The records that there are, locked after their aggregates."""
        table = self.table
        locked = (
            select(AGGREGATES.c.aggregate_id)
            .join(given, given.c.id == AGGREGATES.c.aggregate_id)
            .where(AGGREGATES.c.aggregate_type == word(self.name))
            .order_by(AGGREGATES.c.aggregate_id)
            .with_for_update(of=AGGREGATES)
            .cte("locked")
        )
        return (
            select(table.c.id, table.c.version)
            .join(locked, locked.c.aggregate_id == table.c.id)
            .order_by(table.c.id)
            .with_for_update(of=table)
            .cte("current")
        )

    def _event(self, accepted: Any, outcome: Any, **values: ColumnElement[Any]) -> Any:
        return events_for(
            accepted,
            accepted.join(outcome, outcome.c.id == accepted.c.id),
            id=accepted.c.event_id,
            aggregate_type=word(self.name),
            aggregate_id=accepted.c.id,
            metadata=accepted.c.metadata,
            created_at=accepted.c.moment,
            version=outcome.c.version,
            **values,
        )
