"""The statements of model calls and of the budgets that they fall under.

`budget_spending` holds one row for each budget and period: what calls used, and what is held for those in flight. Every
statement that writes a call adds to it in the same breath, so a row that is missing is the sum of the calls that there
are; the first who misses it makes it (`ENSURE`, or a create's upsert), the others add to what he made.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

from agentic.layers.L01_data_layer import tables
from agentic.layers.L01_data_layer.sql_text import (
    EVENT,
    changes,
    columns,
    given,
    moment,
    record,
    stepped,
    values,
)
from agentic.layers.L01_data_layer.statements import Statement, TableStatements

USAGE: Final = tables.MODEL_USAGE

_START: Final = """CASE budgets.period WHEN 'day' THEN date_trunc('day', {at}, 'UTC')
    WHEN 'month' THEN date_trunc('month', {at}, 'UTC') ELSE timestamptz '1970-01-01T00:00:00Z' END"""
_END: Final = """CASE budgets.period WHEN 'day' THEN {start} + interval '1 day'
    WHEN 'month' THEN date_trunc('month', {start} + interval '32 days', 'UTC') ELSE timestamptz 'infinity' END"""


def _matched(rows: str, payload: str, extra: str) -> str:
    """The budgets that calls fall under, with the period in which they do, and `extra` columns."""
    return f"""SELECT {rows}.ord, budgets.id AS budget_id, {_START.format(at=f"{rows}.moment")} AS period_start, {extra}
  FROM {rows} CROSS JOIN LATERAL (VALUES
    ('all', NULL), ('key', {payload} ->> 'key_id'), ('agent', {payload} ->> 'agent_id'), ('run', {payload} ->> 'run_id'),
    ('goal', {payload} ->> 'goal_id'), ('model', {payload} ->> 'model_name')) scopes (scope, subject)
  JOIN budgets ON budgets.scope = scopes.scope AND budgets.enabled
    AND (scopes.scope = 'all' OR budgets.subject = scopes.subject)"""


def _spent(start: str, when: str = "true") -> str:
    """What the calls that there are used of `budgets`, one budget, from the moment `start` on: tokens, cost.

    `when` it is asked for: a condition that is looked at before any call is.
    """
    end = _END.format(start=start)
    held = "held -> 'budgets' @> jsonb_build_array(jsonb_build_object('budget_id', budgets.id))"
    branches = " UNION ALL ".join(
        f"""SELECT * FROM model_usage WHERE {column} = CASE WHEN budgets.scope = '{scope}' THEN {subject} END
        AND created_at >= {start} AND created_at < {end} AND {when}"""
        for scope, column, subject in (
            ("agent", "agent_id", "budgets.subject::uuid"),
            ("run", "run_id", "budgets.subject::uuid"),
            ("goal", "goal_id", "budgets.subject::uuid"),
            ("key", "key_id", "budgets.subject"),
            ("model", "model_name", "budgets.subject"),
        )
    )
    return f"""SELECT
    coalesce(sum(CASE WHEN status <> 'reserved' THEN input_tokens::bigint + output_tokens
      WHEN {held} THEN (held ->> 'tokens')::bigint ELSE 0 END), 0)::bigint AS tokens,
    coalesce(sum(CASE WHEN status <> 'reserved' THEN coalesce(cost_estimate, 0)
      WHEN {held} THEN coalesce((held ->> 'cost')::numeric, 0) ELSE 0 END), 0) AS cost
  FROM ({branches} UNION ALL
    SELECT * FROM model_usage WHERE budgets.scope = 'all' AND created_at >= {start} AND created_at < {end} AND {when}) calls"""


ENSURE: Final = f"""
INSERT INTO budget_spending (budget_id, period_start, tokens, cost)
SELECT budgets.id, period.start, spent.tokens, spent.cost
FROM budgets CROSS JOIN LATERAL (SELECT {_START.format(at="$2::timestamptz")} AS start) period
CROSS JOIN LATERAL ({_spent("period.start")}) spent
WHERE budgets.id = ANY($1::uuid[])
  AND NOT EXISTS (SELECT FROM budget_spending s WHERE s.budget_id = budgets.id AND s.period_start = period.start)
ORDER BY 1, 2
ON CONFLICT (budget_id, period_start) DO NOTHING
"""
"""Makes the rows of budgets for the period of a moment, where they are missing."""

LEFT: Final = f"""
SELECT json_build_object('budget_id', budgets.id,
  'since', CASE WHEN budgets.period <> 'total' THEN {moment("s.period_start")} END,
  'spent', json_build_object('tokens', s.tokens, 'cost', s.cost),
  'left', json_build_object('tokens', CASE WHEN max_tokens IS NOT NULL THEN greatest(max_tokens - s.tokens, 0) END, 'cost', CASE WHEN max_cost IS NOT NULL THEN greatest(max_cost - s.cost, 0) END))
FROM budgets JOIN budget_spending s ON s.budget_id = budgets.id AND s.period_start = {_START.format(at="$2::timestamptz")}
WHERE budgets.id = $1
"""


def settling(rows: str) -> str:
    """`WITH` queries that settle the reserved calls of `rows` and free what was held: `settled` are those that were.

    `rows` has ord, usage_id, usage (the changes), outcome, tokens, cost, usage_event_id, metadata, moment. `SETTLED`
    changes the calls themselves, once `head` has given their versions.
    """
    return f"""reserved AS MATERIALIZED (
  SELECT id, held FROM model_usage WHERE id IN (SELECT usage_id FROM {rows}) AND status = 'reserved'
  ORDER BY id FOR NO KEY UPDATE
), settled AS MATERIALIZED (
  SELECT reserved.id, reserved.held, {rows}.ord, {rows}.usage, {rows}.outcome, {rows}.tokens, {rows}.cost,
    {rows}.usage_event_id AS event_id, {rows}.metadata, {rows}.moment
  FROM {rows} JOIN reserved ON reserved.id = {rows}.usage_id WHERE {rows}.usage IS NOT NULL
), freed AS MATERIALIZED (
  SELECT (hold ->> 'budget_id')::uuid AS budget_id, (hold ->> 'period_start')::timestamptz AS period_start,
    sum(tokens - (held ->> 'tokens')::bigint)::bigint AS tokens,
    sum(cost - coalesce((held ->> 'cost')::numeric, 0)) AS cost
  FROM settled CROSS JOIN LATERAL jsonb_array_elements(held -> 'budgets') hold GROUP BY 1, 2
), spending AS MATERIALIZED (
  SELECT s.budget_id, s.period_start FROM budget_spending s
  JOIN freed ON freed.budget_id = s.budget_id AND freed.period_start = s.period_start
  ORDER BY s.budget_id, s.period_start FOR NO KEY UPDATE OF s
), spent AS (
  UPDATE budget_spending s SET tokens = s.tokens + freed.tokens, cost = s.cost + freed.cost
  FROM spending JOIN freed ON freed.budget_id = spending.budget_id AND freed.period_start = spending.period_start
  WHERE s.budget_id = spending.budget_id AND s.period_start = spending.period_start
)"""


SETTLED: Final = f"""settled_row AS (
  UPDATE model_usage SET {changes(USAGE, "settled.usage")}, version = head.version
  FROM settled JOIN head ON head.aggregate_id = settled.id AND head.aggregate_type = 'model_usage'
  WHERE model_usage.id = settled.id RETURNING model_usage.*
)"""

_SETTLE_TYPES: Final = {
    "usage_id": "uuid",
    "usage": "jsonb",
    "outcome": "text",
    "tokens": "bigint",
    "cost": "numeric",
    "usage_event_id": "uuid",
    "metadata": "jsonb",
    "moment": "timestamptz",
}
SETTLE: Final = Statement(
    f"""
WITH {given(**_SETTLE_TYPES)}, {settling("input")}, {stepped("SELECT 'model_usage', id FROM settled")}, {SETTLED},
event AS (
  INSERT INTO events ({EVENT})
  SELECT event_id, 'model_usage.' || outcome, 'model_usage', id, usage, metadata, moment, head.version, 'update'
  FROM settled JOIN head ON head.aggregate_id = settled.id ORDER BY ord
)
SELECT input.ord, settled_row.version, {record(USAGE, "settled_row")} AS record
FROM input LEFT JOIN settled_row ON settled_row.id = input.usage_id ORDER BY input.ord
""",
    tuple(_SETTLE_TYPES),
)
"""The version is null when the call is not there, or no longer reserved."""

_RESERVE_TYPES: Final = {
    "id": "uuid",
    "payload": "jsonb",
    "event_id": "uuid",
    "metadata": "jsonb",
    "moment": "timestamptz",
    "run_id": "uuid",
    "token": "int",
    "tokens": "bigint",
    "cost": "numeric",
}
RESERVE: Final = Statement(
    f"""
WITH {given(**_RESERVE_TYPES)}, run AS MATERIALIZED (
  SELECT id, token, status FROM runs WHERE id IN (SELECT run_id FROM input) ORDER BY id FOR SHARE
), allowed AS MATERIALIZED (
  SELECT input.* FROM input LEFT JOIN run ON run.id = input.run_id
  WHERE input.run_id IS NULL OR (run.token = input.token AND run.status = 'running')
), matched AS MATERIALIZED (
  {
        _matched(
            "allowed",
            "allowed.payload",
            "budgets.max_tokens, budgets.max_cost, budgets.scope, budgets.subject, budgets.period, allowed.tokens, allowed.cost",
        )
    }
), spending AS MATERIALIZED (
  SELECT s.budget_id, s.period_start, s.tokens, s.cost FROM budget_spending s
  WHERE (s.budget_id, s.period_start) IN (SELECT budget_id, period_start FROM matched)
  ORDER BY s.budget_id, s.period_start FOR NO KEY UPDATE
), judged AS MATERIALIZED (
  SELECT matched.*, spending.tokens AS spent_tokens, spending.cost AS spent_cost, spending.budget_id IS NULL AS missing,
    spending.tokens + sum(matched.tokens) OVER earlier > max_tokens
      OR spending.cost + sum(matched.cost) OVER earlier > max_cost AS broken
  FROM matched LEFT JOIN spending
    ON spending.budget_id = matched.budget_id AND spending.period_start = matched.period_start
  WINDOW earlier AS (PARTITION BY matched.budget_id, matched.period_start ORDER BY matched.ord)
), accepted AS MATERIALIZED (
  SELECT allowed.*, allowed.payload || jsonb_build_object('held', jsonb_build_object(
    'tokens', tokens, 'cost', cost, 'input_tokens', (payload -> 'held' -> 'input_tokens'),
    'budgets', coalesce((
      SELECT jsonb_agg(jsonb_build_object('budget_id', budget_id, 'period_start', {
        moment("period_start")
    }) ORDER BY budget_id)
      FROM judged WHERE judged.ord = allowed.ord), '[]'))) AS record
  FROM allowed WHERE NOT EXISTS (SELECT FROM judged WHERE judged.ord = allowed.ord AND (missing OR broken))
), made AS (
  INSERT INTO model_usage ({columns(USAGE)}) SELECT {
        values(USAGE, "accepted.record")
    } FROM accepted ORDER BY ord
), spent AS (
  UPDATE budget_spending s SET tokens = spending.tokens + more.tokens, cost = spending.cost + more.cost
  FROM spending JOIN (
    SELECT budget_id, period_start, sum(judged.tokens)::bigint AS tokens, sum(judged.cost) AS cost
    FROM judged JOIN accepted ON accepted.ord = judged.ord GROUP BY 1, 2
  ) more ON more.budget_id = spending.budget_id AND more.period_start = spending.period_start
  WHERE s.budget_id = spending.budget_id AND s.period_start = spending.period_start
), head AS (
  INSERT INTO aggregates (aggregate_type, aggregate_id, version) SELECT 'model_usage', id, 1 FROM accepted ORDER BY id
), event AS (
  INSERT INTO events ({EVENT})
  SELECT event_id, 'model_usage.created', 'model_usage', id, record, metadata, moment, 1, 'create' FROM accepted ORDER BY ord
)
SELECT input.ord, run.token, run.status, accepted.id IS NOT NULL AS accepted,
  (SELECT array_agg(budget_id) FROM judged WHERE judged.ord = input.ord AND missing) AS missing,
  (SELECT json_build_object(
     'budget', json_build_object('id', budget_id, 'scope', scope, 'subject', subject, 'period', period),
     'left', json_build_object(
       'tokens', CASE WHEN max_tokens IS NOT NULL THEN greatest(max_tokens - spent_tokens, 0) END,
       'cost', CASE WHEN max_cost IS NOT NULL THEN greatest(max_cost - spent_cost, 0) END))
   FROM judged WHERE judged.ord = input.ord AND broken ORDER BY budget_id LIMIT 1) AS refusal
FROM input LEFT JOIN run ON run.id = input.run_id LEFT JOIN accepted ON accepted.ord = input.ord ORDER BY input.ord
""",
    tuple(_RESERVE_TYPES),
)
"""Holds what each call may use of every budget that it falls under, or nothing at all.

What earlier calls of the batch ask for counts against a later one, refused or not: one that is refused in company is to
be asked for again alone.
"""


class UsageStatements(TableStatements):
    """A call that is written when it is over counts against the budgets that it falls under, in the same statement."""

    @cached_property
    def create(self) -> Statement:
        """Parameters: those of the base. No result."""
        types = {
            "id": "uuid",
            "payload": "jsonb",
            "event_id": "uuid",
            "metadata": "jsonb",
            "created_at": "timestamptz",
        }
        used = """(call.payload ->> 'input_tokens')::bigint + (call.payload ->> 'output_tokens')::bigint AS tokens,
    coalesce((call.payload ->> 'cost_estimate')::numeric, 0) AS cost"""
        return Statement(
            f"""
WITH {given(**types)}, row AS (
  INSERT INTO model_usage ({columns(USAGE)}) SELECT {values(USAGE, "input.payload")} FROM input ORDER BY ord
), call AS (
  SELECT *, created_at AS moment FROM input
), matched AS MATERIALIZED (
  {_matched("call", "call.payload", used)}
), more AS MATERIALIZED (
  SELECT budget_id, period_start, sum(tokens)::bigint AS tokens, sum(cost) AS cost FROM matched GROUP BY 1, 2
), spent AS (
  INSERT INTO budget_spending (budget_id, period_start, tokens, cost)
  SELECT more.budget_id, more.period_start, more.tokens + before.tokens, more.cost + before.cost
  FROM more JOIN budgets ON budgets.id = more.budget_id
  LEFT JOIN budget_spending s ON s.budget_id = more.budget_id AND s.period_start = more.period_start
  CROSS JOIN LATERAL ({_spent("more.period_start", "s.budget_id IS NULL")}) before
  ORDER BY 1, 2
  ON CONFLICT (budget_id, period_start) DO UPDATE SET
    tokens = budget_spending.tokens + (SELECT more.tokens FROM more
      WHERE more.budget_id = excluded.budget_id AND more.period_start = excluded.period_start),
    cost = budget_spending.cost + (SELECT more.cost FROM more
      WHERE more.budget_id = excluded.budget_id AND more.period_start = excluded.period_start)
), head AS (
  INSERT INTO aggregates (aggregate_type, aggregate_id, version) SELECT 'model_usage', id, 1 FROM input ORDER BY id
), event AS (
  INSERT INTO events ({EVENT})
  SELECT event_id, 'model_usage.created', 'model_usage', id, payload, metadata, created_at, 1, 'create'
  FROM input ORDER BY ord
)
SELECT 1
""",
            tuple(types),
        )


USED: Final = """'calls', count(*),
    'unpriced', count(*) FILTER (WHERE NOT cost_known AND input_tokens + output_tokens > 0),
    'input_tokens', coalesce(sum(input_tokens), 0), 'output_tokens', coalesce(sum(output_tokens), 0),
    'cost', coalesce(sum(cost_estimate), 0)"""
"""The members of a JSON object about rows of `model_usage`."""
