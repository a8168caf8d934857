"""L02: when agents are to run."""

from sqlalchemy import Boolean, Column, Index, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from agentic.layers.L01_data_layer.tables.columns import (
    created_at,
    identity,
    metadata,
    moment,
    reference,
    updated_at,
    version,
)

SCHEDULES = Table(
    "schedules",
    metadata,
    identity(),
    reference("agent_id", "agents"),
    Column("name", String(255), nullable=False),
    Column("cron", String(100)),
    moment("at"),
    Column("timezone", String(100), nullable=False, server_default=text("'UTC'")),
    Column("input", JSONB()),
    Column("enabled", Boolean(), nullable=False, server_default=text("true")),
    moment("next_at"),
    reference("last_run_id", "runs"),
    created_at(),
    updated_at(),
    version(),
    Index("idx_schedules_agent_id", "agent_id", "id"),
    Index("idx_schedules_enabled", "enabled", "id"),
    Index("idx_schedules_due", "next_at", postgresql_where=text("enabled AND next_at IS NOT NULL")),
)
