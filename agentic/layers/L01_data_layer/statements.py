"""The SQL of the verbs, made once for each table from its columns, in SQLAlchemy Core.

Each statement takes arrays and writes as many records as they are long: a lone write is a batch of one. The record
travels once, as the JSON that is also the event's payload; PostgreSQL takes the columns out of it. A statement is a row
change, the next version of its aggregate and the event, in one: all or nothing, with one round trip.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    String,
    Table,
    Text,
    TextClause,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR, UUID
from sqlalchemy.dialects.postgresql import insert as upsert

from agentic.layers.base import jsonio
from agentic.layers.L01_data_layer.tables.event import AGGREGATES, EVENTS

_DIALECT: Any = postgresql.asyncpg.dialect()

MOMENT = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""


@dataclass(frozen=True)
class Statement:
    """A compiled statement: SQL for asyncpg, and the names of its parameters in order."""

    sql: str
    names: tuple[str, ...]


def compiled(statement: Any) -> Statement:
    """Compiles for asyncpg: `$1`, `$2`, … and no literal left to bind."""
    result: Any = statement.compile(dialect=_DIALECT)
    values: dict[str, Any] = result.params
    names: list[str] = result.positiontup
    if unbound := [name for name in names if values[name] is not None]:
        raise TypeError(f"write these into the SQL with word() or number(): {unbound}")
    return Statement(str(result), tuple(names))


def word(value: str) -> ColumnElement[str]:
    """A constant of ours in the SQL text."""
    return literal_column(f"'{value}'", Text())


def number(value: int) -> ColumnElement[int]:
    """A constant number in the SQL text."""
    return literal_column(str(value), Integer())


def rendered(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column as it stands in a record: moments in the one form that `base.ids.timestamp` writes."""
    if isinstance(column.type, DateTime):
        return func.to_char(func.timezone(word("UTC"), column), literal_column(MOMENT))
    return column


def public(table: Any) -> list[Column[Any]]:
    """The columns that a record shows."""
    return [column for column in table.columns if not isinstance(column.type, TSVECTOR)]


def default_of(column: Column[Any]) -> Any:
    """What a column has that nobody gave a value: its constant default, as JSON has it; none where there is none."""
    said: Any = getattr(column.server_default, "arg", None)
    if said is None or not isinstance(said, TextClause):
        return None
    if not said.text.startswith("'"):
        return jsonio.decode(said.text)
    inner = said.text.strip("'")
    if isinstance(column.type, ARRAY):
        return []
    return jsonio.decode(inner) if isinstance(column.type, JSONB) else inner


def as_json(source: Any, columns: list[str]) -> ColumnElement[Any]:
    """One row of `source` as a JSON object with these columns."""
    pairs: list[ColumnElement[Any]] = []
    for name in columns:
        pairs += [word(name), rendered(source.c[name])]
    return func.json_build_object(*pairs)


def from_json(payload: ColumnElement[Any], column: Column[Any]) -> ColumnElement[Any]:
    """The column's value out of a JSON record."""
    key = word(column.name)
    if isinstance(column.type, JSONB):
        value = payload.op("->", return_type=JSONB())(key)
        return func.nullif(value, cast(word("null"), JSONB())) if column.nullable else value
    if isinstance(column.type, ARRAY):
        items = func.jsonb_array_elements_text(payload.op("->", return_type=JSONB())(key))
        return func.array(select(items.column_valued("item")).scalar_subquery(), type_=ARRAY(Text()))
    value = payload.op("->>", return_type=Text())(key)
    return value if isinstance(column.type, String) else cast(value, column.type)


def given_rows(**types: Any) -> Any:
    """The arrays of a batch as rows: one column for each, and `ord`, which counts them."""
    arrays = [bindparam(name, type_=ARRAY(kind)) for name, kind in types.items()]
    rows = func.unnest(*arrays).table_valued(
        *[Column(name, kind) for name, kind in types.items()], with_ordinality="ord"
    )
    return select(rows.render_derived(name="given")).cte("input")


def given_deletions() -> Any:
    """A batch of deletions as rows."""
    return given_rows(
        id=UUID(), event_id=UUID(), metadata=JSONB(), moment=DateTime(timezone=True), expected=Integer()
    )


def as_expected(given: Any, current: Any) -> ColumnElement[bool]:
    """True when the record stands where the caller expects it, or the caller expects nothing."""
    return or_(given.c.expected.is_(None), given.c.expected == current.c.version)


def answered(given: Any, current: Any, outcome: Any, event: Any, *columns: ColumnElement[Any]) -> Statement:
    """Result for each input, in order: ord, the version before (null: there was no such record), and these columns."""
    return compiled(
        select(given.c.ord, current.c.version, *columns)
        .select_from(given)
        .outerjoin(current, current.c.id == given.c.id)
        .outerjoin(outcome, outcome.c.id == given.c.id)
        .order_by(given.c.ord)
        .add_cte(event)
    )


def events_for(source: Any, rows: Any, **values: ColumnElement[Any]) -> Any:
    """The insertion of one event for each of `rows`, in the order of the batch."""
    return (
        insert(EVENTS)
        .from_select(list(values), select(*values.values()).select_from(rows).order_by(source.c.ord))
        .cte("event")
    )


def next_version(name: str, rows: Any) -> Any:
    """One step of the aggregates in `rows`. Its row lock makes the writers of an aggregate queue, in id order."""
    taken = upsert(AGGREGATES).from_select(
        ["aggregate_type", "aggregate_id", "version"],
        select(word(name), rows.c.id, number(1)).order_by(rows.c.id),
    )
    stepped = taken.on_conflict_do_update(
        index_elements=["aggregate_type", "aggregate_id"], set_={"version": AGGREGATES.c.version + number(1)}
    )
    return stepped.returning(AGGREGATES.c.aggregate_id, AGGREGATES.c.version).cte("head")


class TableStatements:
    """The statements of one table."""

    def __init__(self, table: Table, name: str) -> None:
        self.table = table
        self.name = name
        self.columns = [column.name for column in public(table)]

    @cached_property
    def create(self) -> Statement:
        """Parameters: payload, id, event_id, metadata, created_at. No result."""
        given = given_rows(
            id=UUID(), payload=JSONB(), event_id=UUID(), metadata=JSONB(), created_at=DateTime(timezone=True)
        )
        columns = [column for column in public(self.table) if column.name != "id"]
        row = insert(self.table).from_select(
            ["id", *(column.name for column in columns)],
            select(given.c.id, *(from_json(given.c.payload, column) for column in columns)).order_by(
                given.c.ord
            ),
        )
        head = insert(AGGREGATES).from_select(
            ["aggregate_type", "aggregate_id", "version"],
            select(word(self.name), given.c.id, number(1)).order_by(given.c.ord),
        )
        event = events_for(
            given,
            given,
            id=given.c.event_id,
            event_type=word(f"{self.name}.created"),
            aggregate_type=word(self.name),
            aggregate_id=given.c.id,
            payload=given.c.payload,
            metadata=given.c.metadata,
            created_at=given.c.created_at,
            version=number(1),
            verb=word("create"),
        )
        return compiled(select(number(1)).add_cte(row.cte("row"), head.cte("head"), event))

    def get(self, source: Any, names: tuple[str, ...] = ("id",)) -> Statement:
        """The record of `source` (the table, or its past: `fold.py`) with these columns. Result: version, record."""
        where = [source.c[name] == bindparam(name, type_=source.c[name].type) for name in names]
        return compiled(select(source.c.version, as_json(source, self.columns)).where(*where))

    @cached_property
    def update(self) -> Statement:
        """Parameters: see `given` below. Result for each input, in order: ord, version, status, new version, record.

        `version` is null when there is no such record, the record is null when it was not changed: because `expected`
        is not its version, or its status is not in `allowed`.
        """
        table = self.table
        status = table.c.status if "status" in table.c else cast(null(), Text())
        given = given_rows(
            id=UUID(),
            payload=JSONB(),
            stamps=JSONB(),
            event_id=UUID(),
            metadata=JSONB(),
            moment=DateTime(timezone=True),
            expected=Integer(),
            allowed=Text(),
        )
        current = (
            select(table.c.id, table.c.version, status.label("status"))
            .select_from(table)
            .join(given, given.c.id == table.c.id)
            .order_by(table.c.id)
            .with_for_update(of=table, key_share=True)
            .cte("current")
        )
        target = given.c.payload.op("->>", return_type=Text())(word("status"))
        moved = target != current.c.status
        accepted = (
            select(
                given.c.ord,
                given.c.id,
                given.c.event_id,
                given.c.metadata,
                given.c.moment,
                case((moved, given.c.payload.op("||")(given.c.stamps)), else_=given.c.payload).label(
                    "payload"
                ),
                case((moved, word(f"{self.name}.") + target), else_=word(f"{self.name}.updated")).label(
                    "event_type"
                ),
            )
            .join(current, current.c.id == given.c.id)
            .where(as_expected(given, current))
            .where(
                or_(
                    given.c.allowed.is_(None),
                    current.c.status == func.any(func.string_to_array(given.c.allowed, word(","))),
                )
            )
            .cte("accepted")
        )
        head = next_version(self.name, accepted)
        payload = accepted.c.payload
        changed = (
            update(table)
            .values(
                {
                    column.name: case(
                        (payload.op("?")(word(column.name)), from_json(payload, column)), else_=column
                    )
                    for column in public(table)
                    if column.name not in ("id", "version", "created_at")
                }
                | {"version": head.c.version}
            )
            .where(table.c.id == accepted.c.id, head.c.aggregate_id == accepted.c.id)
            .returning(*[table.c[name] for name in self.columns])
            .cte("changed")
        )
        event = self._changed_event(accepted, head, accepted.c.event_type, payload, "update")
        record = as_json(changed, self.columns)
        return answered(given, current, changed, event, current.c.status, changed.c.version, record)

    @cached_property
    def delete(self) -> Statement:
        """Parameters: id, event_id, metadata, moment, expected. Result for each: ord, version, deleted id or null."""
        table = self.table
        given = given_deletions()
        current = (
            select(table.c.id, table.c.version)
            .join(given, given.c.id == table.c.id)
            .order_by(table.c.id)
            .with_for_update(of=table)
            .cte("current")
        )
        accepted = (
            select(given)
            .join(current, current.c.id == given.c.id)
            .where(as_expected(given, current))
            .cte("accepted")
        )
        head = next_version(self.name, accepted)
        gone = delete(table).where(table.c.id == accepted.c.id).returning(table.c.id).cte("gone")
        event = self._changed_event(
            accepted, head, word(f"{self.name}.deleted"), cast(word("{}"), JSONB()), "delete"
        )
        return answered(given, current, gone, event, gone.c.id)

    def _changed_event(
        self, rows: Any, head: Any, event_type: ColumnElement[Any], payload: ColumnElement[Any], verb: str
    ) -> Any:
        return events_for(
            rows,
            rows.join(head, head.c.aggregate_id == rows.c.id),
            id=rows.c.event_id,
            event_type=event_type,
            aggregate_type=word(self.name),
            aggregate_id=rows.c.id,
            payload=payload,
            metadata=rows.c.metadata,
            created_at=rows.c.moment,
            version=head.c.version,
            verb=word(verb),
        )

    def page(
        self, source: Any, conditions: list[ColumnElement[bool]], by: str = "id", *, down: bool, after: bool
    ) -> Select[*tuple[Any, ...]]:
        """One page of `source`: `limit` records that meet `conditions`, ordered by a column, beyond `after` in it."""
        key = source.c[by]
        where = list(conditions)
        if after:
            bound = bindparam("after", type_=key.type)
            where.append(key < bound if down else key > bound)
        limit = bindparam("limit", type_=BigInteger())
        page = (
            select(*[source.c[name] for name in self.columns])
            .where(*where)
            .order_by(key.desc() if down else key)
            .limit(limit + number(1))
            .subquery("page")
        )
        return page_of(page, as_json(page, self.columns), page.c[by], limit)

    def count(self, source: Any, conditions: list[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
        """How many records of `source` meet `conditions`."""
        return select(func.count()).select_from(source).where(*conditions)


def page_of(
    page: Any, record: ColumnElement[Any], key: ColumnElement[Any], limit: Any
) -> Select[*tuple[Any, ...]]:
    """The rows of `page`, read with one more than the limit: `items`, one JSON array; `more`, whether there are; `last`, a key."""
    numbered = select(
        record.label("record"), key.label("key"), func.row_number().over().label("n")
    ).select_from(page)
    rows = numbered.subquery("numbered")
    within = rows.c.n <= limit
    return select(
        func.coalesce(func.json_agg(rows.c.record).filter(within), cast(word("[]"), postgresql.JSON())).label(
            "items"
        ),
        func.coalesce(func.max(rows.c.n) > limit, literal_column("false")).label("more"),
        func.max(case((rows.c.n == limit, cast(rows.c.key, Text())))).label("last"),
    )
