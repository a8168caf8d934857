"""L05: goals."""

from sqlalchemy import Column, Index, Integer, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from agentic.layers.L01_data_layer.tables.columns import (
    created_at,
    identity,
    later,
    long_text,
    metadata,
    moment,
    reference,
    updated_at,
    version,
)

GOALS = Table(
    "goals",
    metadata,
    identity(),
    reference("agent_id", "agents"),
    long_text("description", required=True),
    Column("success_criteria", JSONB(), nullable=False, server_default=text("'[]'")),
    Column("status", String(50), nullable=False, server_default=text("'pending'")),
    Column("priority", Integer(), nullable=False, server_default=text("5")),
    reference("parent_goal_id", "goals"),
    created_at(),
    updated_at(),
    moment("completed_at"),
    later(Column("result", JSONB())),
    version(),
    Index("idx_goals_agent_id", "agent_id", "id"),
    Index("idx_goals_status", "status", "id"),
    Index("idx_goals_priority", "priority", "id"),
    Index("idx_goals_parent_goal_id", "parent_goal_id", "id"),
)
