"""L05: plans."""

from sqlalchemy import Column, Index, Integer, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from agentic.layers.L01_data_layer.tables.columns import (
    created_at,
    given_only,
    identity,
    json_object,
    later,
    metadata,
    reference,
    updated_at,
    version,
)

PLANS = Table(
    "plans",
    metadata,
    identity(),
    reference("goal_id", "goals"),
    reference("agent_id", "agents"),
    Column("plan_type", String(100), nullable=False, server_default=text("'sequential'")),
    Column("steps", JSONB(), nullable=False),
    Column("status", String(50), nullable=False, server_default=text("'draft'")),
    Column("current_step", Integer(), nullable=False, server_default=text("0")),
    created_at(),
    updated_at(),
    later(json_object("options")),
    # No foreign key: runs refer to tasks, and those to plans.
    later(Column("run_id", UUID())),
    later(Column("error", JSONB())),
    version(),
    Index("idx_plans_goal_id", "goal_id", "id"),
    Index("idx_plans_agent_id", "agent_id", "id"),
    Index("idx_plans_status", "status", "id"),
    Index("idx_plans_plan_type", "plan_type", "id"),
    given_only("plans", "run_id"),
)
