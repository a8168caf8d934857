"""L07: feedback."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB

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

FEEDBACK_ENTRIES = Table(
    "feedback_entries",
    metadata,
    identity(),
    reference("agent_id", "agents"),
    reference("task_id", "tasks"),
    Column("feedback_type", String(100), nullable=False),
    Column("rating", Integer()),
    long_text("content"),
    json_object("metadata"),
    Column("processed", Boolean(), nullable=False, server_default=text("false")),
    later(reference("run_id", "runs")),
    later(Column("step", Integer())),
    later(Column("source", String(100))),
    later(Column("author", String(255))),
    later(Column("correction", JSONB())),
    later(reference("better_than", "runs")),
    later(Column("handled", JSONB())),
    created_at(),
    version(),
    Index("idx_feedback_entries_agent_id", "agent_id", "id"),
    Index("idx_feedback_entries_task_id", "task_id", "id"),
    Index("idx_feedback_entries_feedback_type", "feedback_type", "id"),
    Index("idx_feedback_entries_processed", "processed", "id"),
    given_only("feedback_entries", "run_id"),
    given_only("feedback_entries", "better_than"),
    given_only("feedback_entries", "source"),
)
