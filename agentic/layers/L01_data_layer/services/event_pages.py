"""The SQL of reading the log by filters, so that an index gives each page, however long the log is and rare the filter.

A filter by kind is answered from the short table of kinds: the first of each kind by index, merged. An aggregate's
events come by its versions, or by its kinds where kinds or positions are asked for too. What has no position yet is few, and read apart.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.models.event import EventFilter, EventQuery
from agentic.layers.L01_data_layer.relay import RENDER
from agentic.layers.L01_data_layer.where import Where

PLACED: Final = "position IS NOT NULL"
CLOCK_SLACK: Final = "interval '5 minutes'"
"""How far the order of positions may differ from the order of the writers' clocks."""


class Slice(NamedTuple):
    """Which of the found events are wanted: so many, from the newest backwards or from the oldest forwards."""

    limit: int
    forwards: bool

    def sql(self, newest_first: str, oldest_first: str) -> str:
        """The ORDER BY and LIMIT for an index that has the events in this order."""
        return f"ORDER BY {oldest_first if self.forwards else newest_first} LIMIT {self.limit}"


class Search:
    """What a query asks, taken apart by what can answer it."""

    def __init__(self, query: EventFilter) -> None:
        self.values: list[Any] = []
        self.event = Where(self.values)
        """Of an event, wherever it is."""
        self.kind = Where(self.values)
        """Of its kind."""
        self.aggregate = Where(self.values)
        """Of its aggregate."""
        self._placed: list[tuple[str, str]] = []
        self.narrow = query.correlation_id is not None or query.causation_id is not None
        """True when few events can meet the filters, and an index of their own finds them."""
        self._ask(query)

    def _ask(self, query: EventFilter) -> None:
        if query.aggregate_id is not None:
            self.aggregate.add("aggregate_id = ?", query.aggregate_id)
        for name in ("correlation_id", "causation_id"):
            if (value := getattr(query, name)) is not None:
                self.event.add(f"metadata->>'{name}' = ?", value)
        if query.aggregate_type is not None:
            self.kind.add("aggregate_type = ?", query.aggregate_type)
        if query.event_type is not None:
            exact, prefixes = _names(query.event_type)
            self.kind.add(
                "(event_type = ANY(?::text[]) OR EXISTS (SELECT FROM unnest(?::text[]) prefix"
                " WHERE starts_with(event_type, prefix)))",
                exact,
                prefixes,
            )
        self._ask_for_times(query)

    def _ask_for_times(self, query: EventFilter) -> None:
        self.event.created(query.since, query.until)
        if query.since is not None:
            self.between(">=", FIRST_SINCE.format(moment=self._parameter(query.since)))
        if query.until is not None:
            self.between("<=", LAST_UNTIL.format(moment=self._parameter(query.until)))

    def _parameter(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def between(self, comparison: str, bound: str) -> None:
        """Bounds the positions: `comparison` and an expression, or a parameter of the statement."""
        self._placed.append((comparison, bound))

    def bound(self, comparison: str, position: int) -> None:
        """Bounds the positions by a number."""
        self.between(comparison, self._parameter(position) + "::bigint")

    def placed(self) -> str:
        """The bounds for an index on `position`."""
        return "".join(f" AND position {comparison} ({bound})" for comparison, bound in self._placed)

    def placed_by_kind(self) -> str:
        """The same for an index on `- position`."""
        turned = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
        return "".join(
            f" AND - position {turned[comparison]} - ({bound})" for comparison, bound in self._placed
        )

    def found(self, columns: str, wanted: Slice | None = None) -> str:
        """Events with a position that meet the filters: all of them, or a slice."""
        if self.narrow:
            return self._by_own_index(columns, wanted)
        if self.kind.conditions or (self.aggregate.conditions and self._placed):
            return self._by_kind(columns, wanted)
        if self.aggregate.conditions:
            return self._by_version(columns, wanted)
        end = wanted.sql("position DESC", "position") if wanted else ""
        return f"SELECT {columns} FROM events WHERE {PLACED} AND {self.event.sql()}{self.placed()} {end}"

    def _by_own_index(self, columns: str, wanted: Slice | None) -> str:
        # The `+ 0` keeps the planner from walking the whole log by position instead.
        end = wanted.sql("position + 0 DESC", "position + 0") if wanted else ""
        asked = f"{self.event.sql()} AND {self.kind.sql()} AND {self.aggregate.sql()}"
        return f"SELECT {columns} FROM events WHERE {PLACED} AND {asked}{self.placed()} {end}"

    def _by_version(self, columns: str, wanted: Slice | None) -> str:
        types = "(SELECT DISTINCT aggregate_type FROM event_kinds) k"
        own = f"aggregate_type = k.aggregate_type AND {self.aggregate.sql()}{self.placed()}"
        return self._of_each(types, own, columns, wanted, "version DESC", "version")

    def _by_kind(self, columns: str, wanted: Slice | None) -> str:
        return self._of_each(
            f"({self._kinds()}) k", self._of_kind(), columns, wanted, "- position", "- position DESC"
        )

    def _kinds(self) -> str:
        return f"SELECT event_type, aggregate_type, count FROM event_kinds WHERE {self.kind.sql()}"

    def _of_kind(self) -> str:
        own = "event_type = k.event_type AND aggregate_type = k.aggregate_type"
        return f"{own} AND {self.aggregate.sql()}{self.placed_by_kind()}"

    def counted_by_kind(self) -> str:
        """The kinds of the events with a position that meet the filters, each with its count."""
        if self.narrow:
            found = self._by_own_index("event_type, aggregate_type", None)
            return f"SELECT event_type, aggregate_type, count(*) AS count FROM ({found}) found GROUP BY 1, 2"
        if not (self.event.conditions or self.aggregate.conditions or self._placed):
            return self._kinds()
        return f"""SELECT k.event_type, k.aggregate_type, e.count FROM ({self._kinds()}) k
          CROSS JOIN LATERAL (SELECT count(*) AS count FROM events
          WHERE {self._of_kind()} AND {PLACED} AND {self.event.sql()}) e WHERE e.count > 0"""

    def _of_each(
        self, sources: str, own: str, columns: str, wanted: Slice | None, newest: str, oldest: str
    ) -> str:
        end = wanted.sql(newest, oldest) if wanted else ""
        merged = wanted.sql("position DESC", "position") if wanted else ""
        return f"""SELECT e.* FROM {sources} CROSS JOIN LATERAL (SELECT {columns} FROM events
          WHERE {own} AND {PLACED} AND {self.event.sql()} {end}) e {merged}"""

    def pending(self, columns: str) -> str:
        """Events without a position that meet the filters."""
        everything = f"{self.event.sql()} AND {self.kind.sql()} AND {self.aggregate.sql()}"
        return f"SELECT {columns} FROM events WHERE position IS NULL AND {everything}"


FIRST_SINCE: Final = f"""SELECT coalesce((SELECT position FROM events
 WHERE created_at >= {{moment}}::text::timestamptz - {CLOCK_SLACK} AND position IS NOT NULL
 ORDER BY created_at LIMIT 1), {2**62})"""
LAST_UNTIL: Final = f"""SELECT coalesce((SELECT position FROM events
 WHERE created_at <= {{moment}}::text::timestamptz + {CLOCK_SLACK} AND position IS NOT NULL
 ORDER BY created_at DESC LIMIT 1), 0)"""


def _names(pattern: str) -> tuple[list[str], list[str]]:
    names = [name.strip() for name in pattern.split(",") if name.strip()]
    if not names:
        raise InvalidError.of(("event_type", "names no type"))
    exact = [name for name in names if not name.endswith("*")]
    return exact, [name[:-1] for name in names if name.endswith("*")]


def page_sql(query: EventQuery) -> tuple[str, list[Any]]:
    """The statement and parameters of one page, one row more than the limit."""
    forwards = query.after is not None
    search = Search(query)
    if query.after is not None:
        search.bound(">", max(query.after, decode_position(query.cursor) or 0))
    elif (before := decode_position(query.cursor)) is not None:
        search.bound("<", before)
    limit = query.limit + 1
    order = "position" if forwards else "position DESC"
    rows = search.found("*", Slice(limit, forwards))
    if not forwards and query.cursor is None:
        newest = f"{search.pending('*')} ORDER BY insert_order DESC LIMIT {limit}"
        rows = f"({newest}) UNION ALL ({rows})"
        order = "position DESC NULLS FIRST, insert_order DESC"
    sql = f"SELECT position, {RENDER} AS message FROM ({rows}) page ORDER BY {order} LIMIT {limit}"
    return sql, search.values


def count_sql(query: EventQuery) -> tuple[str, list[Any]]:
    """The statement and parameters of how many events meet the filters, on whatever page.

    Filters by kind alone are answered from the table of kinds, however long the log is.
    """
    search = Search(query)
    if query.after is not None:
        search.bound(">", query.after)
    if search.event.conditions or search.aggregate.conditions or search.placed():
        placed = f"SELECT count(*) FROM ({search.found('1 AS one')}) found"
    else:
        placed = f"SELECT coalesce(sum(count), 0)::bigint FROM event_kinds WHERE {search.kind.sql()}"
    if query.after is not None:
        return placed, search.values
    pending = f"SELECT count(*) FROM ({search.pending('1 AS one')}) pending"
    return f"SELECT ({placed}) + ({pending})", search.values


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
