"""L06: evaluations."""

from sqlalchemy import Column, Index, Numeric, String, Table

from agentic.layers.L01_data_layer.tables.columns import (
    created_at,
    identity,
    json_object,
    long_text,
    metadata,
    reference,
    version,
)

EVALUATIONS = Table(
    "evaluations",
    metadata,
    identity(),
    reference("agent_id", "agents"),
    reference("task_id", "tasks"),
    Column("evaluation_type", String(100), nullable=False),
    Column("score", Numeric(5, 4)),
    json_object("metrics"),
    long_text("feedback"),
    created_at(),
    version(),
    Index("idx_evaluations_agent_id", "agent_id", "id"),
    Index("idx_evaluations_task_id", "task_id", "id"),
    Index("idx_evaluations_evaluation_type", "evaluation_type", "id"),
    Index("idx_evaluations_created", "created_at"),
)
