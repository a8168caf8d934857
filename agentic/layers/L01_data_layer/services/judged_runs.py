"""The runs that feedback is about, each with all that makes an example of it: read in pages, one statement for each."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.database import Database
from agentic.layers.L01_data_layer.models.feedback import JudgedRunQuery
from agentic.layers.L01_data_layer.pages import bad_cursor, decode_cursor, page_answer
from agentic.layers.L01_data_layer.sql_text import moment, record
from agentic.layers.L01_data_layer.tables import FEEDBACK_ENTRIES

TURNS: Final = 20
"""Turns of a session before a run that its example holds; what an agent remembers is bounded too."""
FIRST_ID: Final = UUID(int=0)

_GIVEN: Final = "created_at >= coalesce($2::timestamptz, '-infinity') AND created_at <= coalesce($3::timestamptz, 'infinity')"


def _ids(column: str) -> str:
    """The next runs that a column of the feedback names, in order, from the index of that column."""
    return f"""(SELECT {column} AS id FROM feedback_entries WHERE {column} > $1 AND {_GIVEN}
  GROUP BY {column} ORDER BY {column} LIMIT $4::int + 1)"""


PAGE: Final = f"""
WITH ids AS (
  SELECT id, row_number() OVER (ORDER BY id) AS place
  FROM ({_ids("run_id")} UNION {_ids("better_than")} ORDER BY id LIMIT $4::int + 1) found
), judged AS (
  SELECT runs.*, sessions.context->'turns' AS turns, sessions.context->'messages'->0 AS begun_with,
    coalesce(runs.forked_from, runs.id) AS turn
  FROM ids JOIN runs ON runs.id = ids.id LEFT JOIN sessions ON sessions.id = runs.session_id
  WHERE place <= $4 AND runs.agent_id IS NOT NULL AND ($5::uuid IS NULL OR runs.agent_id = $5)
)
SELECT coalesce((SELECT json_agg(json_build_object(
    'run', json_build_object('id', id, 'agent_id', agent_id, 'session_id', session_id, 'forked_from', forked_from,
      'fork_step', fork_step, 'status', status, 'input', input, 'output', output, 'error', error,
      'configuration', configuration, 'created_at', {moment("judged.created_at")}),
    'opening', coalesce(begun_with, (
      SELECT told.input FROM jsonb_array_elements_text(turns) WITH ORDINALITY AS before (id, place)
      JOIN runs told ON told.id = before.id::uuid AND told.id < judged.turn ORDER BY before.place LIMIT 1), input),
    'history', (SELECT coalesce(json_agg(json_build_object('input', told.input, 'output', told.output) ORDER BY place), '[]')
      FROM (SELECT before.place, runs.input, runs.output
        FROM jsonb_array_elements_text(turns) WITH ORDINALITY AS before (id, place)
        JOIN runs ON runs.id = before.id::uuid AND runs.id < judged.turn
        ORDER BY before.place DESC LIMIT {TURNS}) told),
    'steps', (SELECT coalesce(json_agg(json_build_object('number', number, 'kind', kind, 'name', name, 'status', status,
        'input', input, 'output', output, 'error', error) ORDER BY number), '[]')
      FROM run_steps WHERE run_id = judged.id AND kind IN ('model', 'tool', 'message')),
    'feedback', (SELECT coalesce(json_agg({record(FEEDBACK_ENTRIES, "given")} ORDER BY given.id), '[]')
      FROM feedback_entries given WHERE given.run_id = judged.id AND {_GIVEN.replace("created_at", "given.created_at")})
  ) ORDER BY id) FROM judged), '[]'),
  (SELECT count(*) > $4 FROM ids),
  (SELECT id::text FROM ids WHERE place <= $4 ORDER BY place DESC LIMIT 1)
"""


class JudgedRuns:
    """Runs with what was said of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, call: Call) -> Answer:
        """One page, in the order of the runs' ids. It may be short, or empty, with more to come."""
        query = validated(JudgedRunQuery, call.query)
        row = await self._database.fetchrow(
            PAGE,
            _after(query.cursor),
            query.since and datetime.fromisoformat(query.since),
            query.until and datetime.fromisoformat(query.until),
            query.limit,
            query.agent_id,
        )
        return page_answer(row)


def _after(cursor: str | None) -> UUID:
    if cursor is None:
        return FIRST_ID
    try:
        return UUID(decode_cursor(cursor))
    except ValueError:
        raise bad_cursor() from None
