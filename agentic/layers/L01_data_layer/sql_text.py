"""Parts of statements that are written as SQL text, made from the tables as those of `statements.py` are."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, literal_column
from sqlalchemy.dialects.postgresql import JSONB

from agentic.layers.L01_data_layer.statements import MOMENT, compiled, from_json, public, rendered

EVENT: Final = "id, event_type, aggregate_type, aggregate_id, payload, metadata, created_at, version, verb"
"""The columns of an event, in the order in which the statements of this folder give them."""


def given(**types: str) -> str:
    """A `WITH` query `input`: the arrays of a batch as rows, each parameter a column, and `ord`, which counts them."""
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types.values(), 1))
    return f"input AS (SELECT * FROM unnest({arrays}) WITH ORDINALITY AS given ({', '.join(types)}, ord))"


def stepped(rows: str) -> str:
    """A `WITH` query `head`: the next versions of aggregates. `rows` selects type and id, each once.

    All aggregates of a statement are taken here, in the one order in which every statement takes them.
    """
    return f"""head AS (
  INSERT INTO aggregates (aggregate_type, aggregate_id, version)
  SELECT kind, id, 1 FROM ({rows}) touched (kind, id) ORDER BY kind, id
  ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE SET version = aggregates.version + 1
  RETURNING aggregate_type, aggregate_id, version
)"""


def columns(table: Any, but: tuple[str, ...] = ()) -> str:
    """The columns that a record shows, for an `INSERT`."""
    return ", ".join(f'"{column.name}"' for column in _some(table, but))


def values(table: Any, payload: str, but: tuple[str, ...] = ()) -> str:
    """The values of those columns out of a record in JSON."""
    return ", ".join(_taken(payload, column) for column in _some(table, but))


def changes(table: Any, payload: str) -> str:
    """The `SET` of an `UPDATE` that takes from a payload what it names, and leaves the rest."""
    return ", ".join(
        f'"{c.name}" = CASE WHEN {payload} ? \'{c.name}\' THEN {_taken(payload, c)} ELSE {table.name}."{c.name}" END'
        for c in _some(table, ("id", "version", "created_at"))
    )


def record(table: Any, source: str) -> str:
    """A row of `source`, which has the columns of `table`, as the JSON that callers get."""
    pairs: list[str] = []
    for column in public(table):
        value: Any = rendered(literal_column(f'{source}."{column.name}"', column.type))
        pairs.append(f"'{column.name}', {_text(value)}")
    return f"json_build_object({', '.join(pairs)})"


def moment(value: str) -> str:
    """A moment as text, in the form that records have."""
    return f"to_char(timezone('UTC', {value}), {MOMENT})"


def _some(table: Any, but: tuple[str, ...]) -> list[Column[Any]]:
    return [column for column in public(table) if column.name not in but]


def _taken(payload: str, column: Column[Any]) -> str:
    return _text(from_json(literal_column(payload, JSONB()), column))


def _text(expression: Any) -> str:
    return compiled(expression).sql
