"""The hot statements of runs: who takes them, that they are still at work, and what they did.

Rows are locked before their aggregates, and in the order of their ids, as by every other statement. What a statement
decides on is read from a row that it has locked: whatever else it reads is as old as its snapshot, and a number that
turns out to be taken is refused by an index, and tried again.
"""

from __future__ import annotations

from typing import Final

from agentic.layers.L01_data_layer import tables
from agentic.layers.L01_data_layer.sql_text import EVENT, columns, given, moment, record, stepped, values
from agentic.layers.L01_data_layer.statements import Statement
from agentic.layers.L01_data_layer.tables.run import AGENT_KEY, TAKEABLE
from agentic.layers.L01_data_layer.usage_statements import SETTLED, settling

FINAL: Final = "('completed', 'failed', 'cancelled')"

CLAIM_LOCK: Final = """
SELECT set_config('idle_in_transaction_session_timeout', '1000', true), pg_advisory_xact_lock(4993075)
"""
"""Claims follow each other, and each looks when it is its turn: two that counted at once would both see the last place.

A process that was stopped in the queue gets its turn too: PostgreSQL takes it away after a second.
"""

_CARRIED_BY: Final = "coalesce(configuration ->> 'carried_by', '')"
_MOST: Final = "(agents.configuration #> '{limits,concurrency}')"
CLAIM: Final = f"""
WITH RECURSIVE turn (agent) AS (
  (SELECT {AGENT_KEY} FROM runs WHERE {TAKEABLE} ORDER BY 1 LIMIT 1)
  UNION ALL
  SELECT (SELECT {AGENT_KEY} FROM runs WHERE {TAKEABLE} AND {AGENT_KEY} > turn.agent ORDER BY 1 LIMIT 1)
  FROM turn WHERE turn.agent IS NOT NULL
), busy AS MATERIALIZED (
  SELECT id, {AGENT_KEY} AS agent, lease_until, {_CARRIED_BY} AS carried_by FROM runs WHERE status = 'running'
), load AS MATERIALIZED (
  SELECT agent, count(*) AS n FROM busy GROUP BY agent
), adopted AS MATERIALIZED (
  SELECT id, row_number() OVER (ORDER BY lease_until) AS place FROM busy
  WHERE coalesce(lease_until, '-infinity') < statement_timestamp() AND ($4::uuid[] IS NULL OR agent = ANY($4::uuid[]))
    AND NOT coalesce(agent = ANY($9::uuid[]), false) AND carried_by = coalesce($10::text, '')
  ORDER BY lease_until LIMIT $2::bigint
), due AS MATERIALIZED (
  SELECT next.id, row_number() OVER (ORDER BY next.priority DESC, next.n + coalesce(load.n, 0), next.due_at, next.id)
    + $2::bigint AS place
  FROM turn
  LEFT JOIN load ON load.agent = turn.agent
  LEFT JOIN agents ON agents.id = turn.agent
  CROSS JOIN LATERAL (
    SELECT id, priority, due_at, row_number() OVER (ORDER BY priority DESC, due_at, id) AS n FROM (
      SELECT id, priority, due_at FROM runs
      WHERE {AGENT_KEY} = turn.agent AND {TAKEABLE} AND due_at <= greatest(statement_timestamp(), $8::timestamptz)
        AND {_CARRIED_BY} = coalesce($10::text, '')
        AND (worker IS NULL OR worker = $1::text OR coalesce(lease_until, '-infinity') < statement_timestamp())
      ORDER BY priority DESC, due_at, id LIMIT $2::bigint
    ) first
  ) next
  WHERE turn.agent IS NOT NULL AND ($4::uuid[] IS NULL OR turn.agent = ANY($4::uuid[]))
    AND NOT coalesce(turn.agent = ANY($9::uuid[]), false)
    AND CASE WHEN jsonb_typeof({_MOST}) = 'number'
      THEN next.n + coalesce(load.n, 0) <= {_MOST}::numeric ELSE true END
  ORDER BY place
  LIMIT greatest(0, least($2::bigint - (SELECT count(*) FROM adopted), $5::bigint - (SELECT count(*) FROM busy)))
), taken AS MATERIALIZED (
  SELECT runs.id, runs.token, runs.attempts, chosen.place
  FROM runs JOIN (SELECT id, place FROM adopted UNION ALL SELECT id, place FROM due) chosen ON chosen.id = runs.id
  WHERE ({TAKEABLE})
    OR (status = 'running' AND coalesce(lease_until, '-infinity') < statement_timestamp())
  ORDER BY runs.id FOR NO KEY UPDATE OF runs SKIP LOCKED
), {stepped("SELECT 'run', id FROM taken")}, changed AS (
  UPDATE runs SET status = 'running', worker = $1::text, token = taken.token + 1, attempts = taken.attempts + 1,
    due_at = NULL, started_at = coalesce(runs.started_at, $8::timestamptz), updated_at = $8::timestamptz,
    lease_until = statement_timestamp() + make_interval(secs => $3::float8), version = head.version
  FROM taken JOIN head ON head.aggregate_id = taken.id
  WHERE runs.id = taken.id
  RETURNING runs.*, taken.place
), event AS (
  INSERT INTO events ({EVENT})
  SELECT ($6::uuid[])[row_number() OVER (ORDER BY place)], 'run.running', 'run', id,
    jsonb_build_object('status', status, 'worker', worker, 'token', token, 'attempts', attempts, 'due_at', NULL,
      'started_at', {moment("started_at")}, 'updated_at', {moment("updated_at")}),
    $7::jsonb, $8::timestamptz, version, 'update'
  FROM changed ORDER BY place
)
SELECT coalesce(json_agg({record(tables.RUNS, "changed")} ORDER BY place), '[]') FROM changed
"""
"""Parameters: worker, limit, lease in seconds, agents or null, how many may run at all or null, as many event ids as the
limit, metadata, moment, agents to leave out or null, the name under which runs are kept for the worker or null. One row:
the runs as JSON.

One that was paused belongs to who was at a step of it, until that lets go of it: its answer is paid for.

Adopted runs come first, and fill no new place. The runs of one agent are looked at through their own part of the index,
as many as could be taken: a long queue of one costs the others nothing.
"""

BEAT: Final = """
WITH input AS (SELECT * FROM unnest($1::uuid[], $2::int[]) AS given (id, token)), held AS (
  SELECT runs.id FROM runs JOIN input ON input.id = runs.id
  WHERE runs.token = input.token AND runs.worker = $3
    AND (runs.status = 'running' OR (runs.status = 'suspended' AND runs.lease_until > statement_timestamp()))
  ORDER BY runs.id FOR NO KEY UPDATE OF runs
), beat AS (
  UPDATE runs SET lease_until = statement_timestamp() + make_interval(secs => $4::float8)
  FROM held WHERE runs.id = held.id RETURNING runs.id
)
SELECT coalesce(json_agg(json_build_object('id', input.id, 'status', runs.status, 'token', runs.token)), '[]')
FROM input LEFT JOIN runs ON runs.id = input.id WHERE input.id NOT IN (SELECT id FROM beat)
"""

_STEP_TYPES: Final = {
    "id": "uuid",
    "run_id": "uuid",
    "token": "int",
    "payload": "jsonb",
    "event_id": "uuid",
    "metadata": "jsonb",
    "moment": "timestamptz",
    "usage_id": "uuid",
    "usage": "jsonb",
    "usage_event_id": "uuid",
    "tokens": "bigint",
    "cost": "numeric",
}
STEP: Final = Statement(
    f"""
WITH {given(**_STEP_TYPES)}, held AS MATERIALIZED (
  SELECT id, token, status FROM runs WHERE id IN (SELECT run_id FROM input) ORDER BY id FOR NO KEY UPDATE
), accepted AS MATERIALIZED (
  SELECT input.*, 'completed' AS outcome, input.payload || jsonb_build_object('number',
    coalesce((SELECT max(number) FROM run_steps WHERE run_steps.run_id = input.run_id), 0)
      + row_number() OVER (PARTITION BY input.run_id ORDER BY input.ord)) AS record
  FROM input JOIN held ON held.id = input.run_id
  WHERE CASE WHEN input.token IS NULL THEN held.status NOT IN {FINAL}
    ELSE input.token = held.token AND held.status NOT IN ('completed', 'failed') END
  ORDER BY input.ord
), step AS (
  INSERT INTO run_steps ({columns(tables.RUN_STEPS)})
  SELECT {values(tables.RUN_STEPS, "accepted.record")} FROM accepted ORDER BY accepted.id
), {settling("accepted")}, {
        stepped("SELECT 'run_step', id FROM accepted UNION ALL SELECT 'model_usage', id FROM settled")
    }, {SETTLED}, event AS (
  INSERT INTO events ({EVENT})
  (SELECT event_id, 'run_step.created', 'run_step', id, record, metadata, moment, 1, 'create' FROM accepted ORDER BY ord)
  UNION ALL
  SELECT event_id, 'model_usage.' || outcome, 'model_usage', id, usage, metadata, moment, head.version, 'update'
  FROM settled JOIN head ON head.aggregate_id = settled.id
)
SELECT input.ord, held.token, held.status, (accepted.record ->> 'number')::int AS number
FROM input LEFT JOIN held ON held.id = input.run_id LEFT JOIN accepted ON accepted.ord = input.ord
ORDER BY input.ord
""",
    tuple(_STEP_TYPES),
)
