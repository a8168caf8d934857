"""L07: feedback."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, text

from agentic.layers.L01_data_layer.tables.columns import (
    created_at,
    identity,
    json_object,
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
    created_at(),
    version(),
    Index("idx_feedback_entries_agent_id", "agent_id", "id"),
    Index("idx_feedback_entries_task_id", "task_id", "id"),
    Index("idx_feedback_entries_feedback_type", "feedback_type", "id"),
    Index("idx_feedback_entries_processed", "processed", "id"),
)
