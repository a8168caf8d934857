"""L02: runs and their steps.

`due_at` is set only while a run may be taken, or while news wait for it; so the index of what is due is as long as the
queue, not as the history. It is the only one that holds this expression, which keeps a plan that was made for an empty
table from walking all runs of an agent instead (`database.ONE_PLAN`).
"""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from agentic.layers.L01_data_layer.tables.columns import (
    count,
    created_at,
    given_only,
    identity,
    metadata,
    moment,
    money,
    reference,
    unlogged_moment,
    updated_at,
    version,
)

AGENT_KEY = "COALESCE(agent_id, '00000000-0000-0000-0000-000000000000'::uuid)"
"""The agent whose turn it is: runs without one take turns as if they were one agent's."""
CALLED_AT = "(configuration ->> 'called_at')"
"""The place in the parent's code at which a run was begun."""
TAKEABLE = "due_at IS NOT NULL AND status IN ('queued', 'suspended', 'waiting_approval')"

RUNS = Table(
    "runs",
    metadata,
    identity(),
    reference("agent_id", "agents"),
    reference("session_id", "sessions"),
    reference("parent_run_id", "runs"),
    reference("forked_from", "runs"),
    Column("fork_step", Integer()),
    reference("goal_id", "goals"),
    reference("task_id", "tasks"),
    Column("status", String(50), nullable=False, server_default=text("'queued'")),
    Column("input", JSONB()),
    Column("output", JSONB()),
    Column("error", JSONB()),
    Column("configuration", JSONB(), nullable=False),
    Column("priority", Integer(), nullable=False, server_default=text("5")),
    count("attempts"),
    Column("worker", String(255)),
    count("token"),
    moment("due_at"),
    count("steps"),
    count("input_tokens", BigInteger),
    count("output_tokens", BigInteger),
    money("cost"),
    moment("started_at"),
    moment("completed_at"),
    created_at(),
    updated_at(),
    unlogged_moment("lease_until"),
    version(),
    Index("idx_runs_agent_id", "agent_id", "id"),
    given_only("runs", "session_id"),
    Index("idx_runs_status", "status", "id"),
    given_only("runs", "parent_run_id"),
    given_only("runs", "forked_from"),
    given_only("runs", "goal_id"),
    given_only("runs", "task_id"),
    Index(
        "idx_runs_called_at",
        "parent_run_id",
        text(CALLED_AT),
        "id",
        postgresql_where=text("parent_run_id IS NOT NULL"),
    ),
    Index(
        "idx_runs_due",
        text(AGENT_KEY),
        text("priority DESC"),
        "due_at",
        "id",
        postgresql_where=text(TAKEABLE),
    ),
)

RUN_STEPS = Table(
    "run_steps",
    metadata,
    identity(),
    reference("run_id", "runs", required=True),
    Column("number", Integer(), nullable=False),
    Column("kind", String(100), nullable=False),
    Column("name", String(255), nullable=False),
    Column("status", String(50), nullable=False, server_default=text("'completed'")),
    Column("input", JSONB()),
    Column("output", JSONB()),
    Column("error", JSONB()),
    count("input_tokens"),
    count("output_tokens"),
    money("cost"),
    reference("usage_id", "model_usage"),
    reference("execution_id", "tool_executions"),
    reference("copied_from", "run_steps"),
    moment("started_at"),
    Column("completed_at", DateTime(timezone=True), nullable=False),
    created_at(),
    version(),
    Index("idx_run_steps_number", "run_id", "number", unique=True),
)
