"""The statements of the check.

Each answers one row: how much it looked at, where it stopped if there is more, how many things differ, and the first
`$1` differences as JSON.

Rows are looked up one by one (`OFFSET 0`): a page of ids is joined to a table of millions, and a planner that would
rather read that whole must not.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Table, cast, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB, UUID

from agentic.layers.L01_data_layer.fold import ENDED_ALIVE, STATE, before
from agentic.layers.L01_data_layer.statements import as_json, compiled, public, word
from agentic.layers.L01_data_layer.tables.event import EVENTS

PAGE: Final = 2000
SHOWN: Final = 200
"""Characters of a value that are shown."""

_REPORT: Final = """
SELECT ({checked}) AS checked, ({last}) AS last, (SELECT count(DISTINCT id) FROM differing) AS differing,
  (SELECT coalesce(json_agg(json_build_object('part', '{part}', 'what', what, 'id', id, 'field', field,
     'row', stored, 'log', logged)), '[]')
   FROM (SELECT * FROM differing ORDER BY id, field LIMIT $1) shown) AS differences
"""


def rows(name: str, table: Table, *, resumed: bool) -> str:
    """The rows of a table against the fold of their events, after the id `$2`."""
    here = literal_column("page.id", UUID())
    logged = [column.name for column in public(table) if not column.info.get("unlogged")]
    record = select(cast(as_json(table, logged), JSONB()).label("record")).where(table.c.id == here)
    state_of_logged: ColumnElement[Any] = before(table).op("||")(STATE)
    for column in public(table):
        if column.name not in logged:
            state_of_logged = state_of_logged.op("-")(word(column.name))
    state = (
        select(state_of_logged.label("state"))
        .having(ENDED_ALIVE)
        .where(
            EVENTS.c.aggregate_type == word(name), EVENTS.c.aggregate_id == here, EVENTS.c.verb.is_not(None)
        )
    )
    fields = f"""
    SELECT coalesce(l.key, s.key) AS field, left(s.value::text, {SHOWN}) AS stored, left(l.value::text, {SHOWN}) AS logged
    FROM jsonb_each(logged) l FULL JOIN jsonb_each(stored) s ON s.key = l.key WHERE s.value IS DISTINCT FROM l.value
    """
    return f"""
    WITH page AS MATERIALIZED (
      SELECT id FROM (
        (SELECT aggregate_id AS id FROM aggregates WHERE aggregate_type = '{name}'
         {"AND aggregate_id > $2::uuid" if resumed else ""} ORDER BY aggregate_id LIMIT {PAGE})
        UNION (SELECT id FROM {table.name} {"WHERE id > $2::uuid" if resumed else ""} ORDER BY id LIMIT {PAGE})
      ) both_sides ORDER BY id LIMIT {PAGE}
    ), compared AS MATERIALIZED (
      SELECT page.id::text AS id, s.record AS stored, l.state AS logged FROM page
      LEFT JOIN LATERAL ({compiled(record).sql} OFFSET 0) s ON true
      LEFT JOIN LATERAL ({compiled(state).sql}) l ON true
      WHERE s.record IS DISTINCT FROM l.state
    ), differing AS (
      SELECT id, CASE WHEN stored IS NULL THEN 'missing row' ELSE 'surplus row' END AS what, NULL AS field,
        left(stored::text, {SHOWN}) AS stored, left(logged::text, {SHOWN}) AS logged
      FROM compared WHERE stored IS NULL OR logged IS NULL
      UNION ALL
      SELECT id, 'field', f.field, f.stored, f.logged FROM compared CROSS JOIN LATERAL ({fields}) f
      WHERE compared.stored IS NOT NULL AND compared.logged IS NOT NULL
    )
    {_report(name, "SELECT count(*) FROM page", f"SELECT id::text FROM page ORDER BY id OFFSET {PAGE - 1}")}
    """


def versions(*, resumed: bool) -> str:
    """The numbers of the events of each aggregate, after the id `$2` and the type `$3`."""
    return f"""
    WITH page AS MATERIALIZED (
      SELECT aggregate_id, aggregate_type, count(*) AS n, min(version) AS first, max(version) AS last FROM events
      {"WHERE (aggregate_id, aggregate_type) > ($2::uuid, $3::text)" if resumed else ""}
      GROUP BY 1, 2 ORDER BY 1, 2 LIMIT {PAGE}
    ), differing AS (
      SELECT aggregate_type || ' ' || aggregate_id AS id, 'versions' AS what, 'version' AS field,
        a.version::text AS stored, n || ' events, ' || first || ' to ' || last AS logged
      FROM page
      LEFT JOIN LATERAL (
        SELECT version FROM aggregates
        WHERE aggregate_type = page.aggregate_type AND aggregate_id = page.aggregate_id OFFSET 0
      ) a ON true
      WHERE first <> 1 OR last <> n OR a.version IS DISTINCT FROM last
    )
    {
        _report(
            "versions",
            "SELECT coalesce(sum(n), 0)::bigint FROM page",
            "SELECT aggregate_id || ' ' || aggregate_type FROM page"
            f" ORDER BY aggregate_id, aggregate_type OFFSET {PAGE - 1}",
        )
    }
    """


def _report(part: str, checked: str, last: str) -> str:
    return _REPORT.format(part=part, checked=checked, last=last)


POSITIONS: Final = f"""
WITH head AS (
  SELECT position, least(position, $2::bigint + {PAGE}) AS upto FROM relay WHERE id = 1
), expected AS (
  SELECT generate_series($2::bigint + 1, upto) AS position FROM head
), placed AS MATERIALIZED (
  SELECT position, aggregate_type, aggregate_id, version FROM events
  WHERE position > $2 AND position <= $2::bigint + {PAGE}
), differing AS (
  SELECT position::text AS id, 'position' AS what, NULL AS field, NULL AS stored, 'no event has it' AS logged
  FROM expected WHERE position NOT IN (SELECT position FROM placed)
  UNION ALL
  SELECT position::text, 'position', NULL, NULL, 'beyond the last position given' FROM (
    SELECT position FROM events
    WHERE position > (SELECT CASE WHEN position = upto THEN position ELSE {2**63 - 1} END FROM head)
    ORDER BY 1 LIMIT {PAGE}
  ) beyond
  UNION ALL
  SELECT p.position::text, 'order', 'position', before.position::text,
    'version ' || p.version || ' of ' || p.aggregate_type || ' ' || p.aggregate_id || ' comes after this'
  FROM placed p
  CROSS JOIN LATERAL (
    SELECT position FROM events e
    WHERE e.aggregate_id = p.aggregate_id AND e.aggregate_type = p.aggregate_type AND e.version = p.version - 1 OFFSET 0
  ) before
  WHERE before.position IS NULL OR before.position > p.position
)
{_report("positions", "SELECT count(*) FROM expected", "SELECT upto::text FROM head WHERE upto < position")}
"""
"""Positions after `$2`."""

KINDS: Final = f"""
WITH page AS MATERIALIZED (
  SELECT event_type, aggregate_type FROM (
    (SELECT event_type, aggregate_type FROM event_kinds
     WHERE (event_type, aggregate_type) > ($2::text, $3::text) ORDER BY 1, 2 LIMIT 1)
    UNION ALL
    (SELECT event_type, aggregate_type FROM events
     WHERE (event_type, aggregate_type) > ($2::text, $3::text) ORDER BY 1, 2 LIMIT 1)
  ) both_sides ORDER BY 1, 2 LIMIT 1
), differing AS (
  SELECT aggregate_type || ' ' || event_type AS id, 'count' AS what, 'count' AS field,
    coalesce(k.count, 0)::text AS stored, c.n::text AS logged
  FROM page
  CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM events
    WHERE event_type = page.event_type AND aggregate_type = page.aggregate_type AND position IS NOT NULL
  ) c
  LEFT JOIN event_kinds k USING (event_type, aggregate_type)
  WHERE coalesce(k.count, 0) <> c.n
)
{_report("kinds", "SELECT count(*) FROM page", "SELECT json_build_array(event_type, aggregate_type)::text FROM page")}
"""
"""The count of the kind that comes after the event type `$2` and the aggregate type `$3`."""
