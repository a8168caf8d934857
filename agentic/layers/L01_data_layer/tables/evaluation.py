"""L06: evaluations, the newest columns last. `origin` is what one is made by, of which there can be one alone."""

from sqlalchemy import Column, Index, Numeric, String, Table

from agentic.layers.L01_data_layer.tables.columns import (
    created_at,
    given_only,
    identity,
    json_object,
    later,
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
    later(reference("run_id", "runs")),
    later(reference("experiment_id", "experiments")),
    later(Column("evaluator", String(100))),
    later(Column("evaluator_version", String(64))),
    later(Column("origin", String(255), unique=True)),
    created_at(),
    version(),
    Index("idx_evaluations_agent_id", "agent_id", "id"),
    Index("idx_evaluations_task_id", "task_id", "id"),
    Index("idx_evaluations_evaluation_type", "evaluation_type", "id"),
    Index("idx_evaluations_created", "created_at"),
    given_only("evaluations", "run_id"),
    given_only("evaluations", "experiment_id"),
    given_only("evaluations", "evaluator"),
)
