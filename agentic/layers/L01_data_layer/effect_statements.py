"""The statement of the effect ledger: an execution is reserved under its key, once, before it happens."""

from __future__ import annotations

from typing import Final

from agentic.layers.L01_data_layer import tables
from agentic.layers.L01_data_layer.sql_text import EVENT, columns, given, record, values
from agentic.layers.L01_data_layer.statements import Statement

_TYPES: Final = {
    "id": "uuid",
    "payload": "jsonb",
    "event_id": "uuid",
    "metadata": "jsonb",
    "moment": "timestamptz",
    "effect_key": "text",
    "run_id": "uuid",
    "token": "int",
}
RESERVE: Final = Statement(
    f"""
WITH {given(**_TYPES)}, run AS MATERIALIZED (
  SELECT id, token, status FROM runs WHERE id IN (SELECT run_id FROM input) ORDER BY id FOR SHARE
), allowed AS MATERIALIZED (
  SELECT input.* FROM input LEFT JOIN run ON run.id = input.run_id
  WHERE input.run_id IS NULL OR (run.token = input.token AND run.status = 'running')
), made AS (
  INSERT INTO tool_executions ({columns(tables.TOOL_EXECUTIONS)})
  SELECT {values(tables.TOOL_EXECUTIONS, "allowed.payload")} FROM allowed ORDER BY effect_key, ord
  ON CONFLICT (effect_key) DO NOTHING RETURNING id
), head AS (
  INSERT INTO aggregates (aggregate_type, aggregate_id, version)
  SELECT 'tool_execution', id, 1 FROM made ORDER BY id
), event AS (
  INSERT INTO events ({EVENT})
  SELECT event_id, 'tool_execution.created', 'tool_execution', allowed.id, payload, metadata, moment, 1, 'create'
  FROM allowed JOIN made ON made.id = allowed.id ORDER BY ord
)
SELECT input.ord, run.token, run.status, allowed.id IS NOT NULL AS allowed, made.id IS NOT NULL AS fresh, (
  SELECT {record(tables.TOOL_EXECUTIONS, "tool_executions")} FROM tool_executions
  WHERE tool_executions.effect_key = input.effect_key) AS there
FROM input LEFT JOIN run ON run.id = input.run_id LEFT JOIN allowed ON allowed.ord = input.ord
LEFT JOIN made ON made.id = input.id ORDER BY input.ord
""",
    tuple(_TYPES),
)
"""`fresh` when it was written; otherwise `there` is the one that has its key. Neither: somebody is writing it just now."""
