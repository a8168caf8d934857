"""L05: tasks."""

from sqlalchemy import Column, Index, Integer, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from agentic.layers.L01_data_layer.tables.columns import (
    created_at,
    identity,
    json_object,
    later,
    long_text,
    metadata,
    moment,
    reference,
    version,
)

TASKS = Table(
    "tasks",
    metadata,
    identity(),
    reference("plan_id", "plans"),
    reference("agent_id", "agents"),
    long_text("description", required=True),
    Column("task_type", String(100)),
    json_object("input_data"),
    Column("output_data", JSONB()),
    Column("status", String(50), nullable=False, server_default=text("'pending'")),
    Column("sequence_order", Integer(), nullable=False, server_default=text("0")),
    created_at(),
    moment("started_at"),
    moment("completed_at"),
    later(Column("step_id", String(100))),
    later(Column("error", JSONB())),
    version(),
    Index("idx_tasks_plan_id", "plan_id", "id"),
    Index(
        "idx_tasks_step_id",
        "plan_id",
        "step_id",
        unique=True,
        postgresql_where=text("step_id IS NOT NULL"),
    ),
    Index(
        "idx_tasks_step_number",
        "plan_id",
        "sequence_order",
        unique=True,
        postgresql_where=text("step_id IS NOT NULL"),
    ),
    Index("idx_tasks_agent_id", "agent_id", "id"),
    Index("idx_tasks_status", "status", "id"),
    Index("idx_tasks_task_type", "task_type", "id"),
)
