"""Sessions and their named checkpoints."""

from sqlalchemy import Column, Index, String, Table, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from agentic.layers.L01_data_layer.tables.columns import (
    created_at,
    identity,
    json_object,
    metadata,
    reference,
    unlogged_moment,
    updated_at,
    version,
)

SESSIONS = Table(
    "sessions",
    metadata,
    identity(),
    reference("agent_id", "agents"),
    Column("session_type", String(100), nullable=False, server_default=text("'conversation'")),
    Column("status", String(50), nullable=False, server_default=text("'active'")),
    json_object("context"),
    Column("checkpoint", JSONB()),
    created_at(),
    updated_at(),
    unlogged_moment("heartbeat_at"),
    version(),
    Index("idx_sessions_agent_id", "agent_id", "id"),
    Index("idx_sessions_session_type", "session_type", "id"),
    Index("idx_sessions_status", "status", "id"),
)

CHECKPOINTS = Table(
    "checkpoints",
    metadata,
    identity(),
    reference("session_id", "sessions"),
    Column("name", String(255), nullable=False),
    json_object("context"),
    Column("checkpoint", JSONB()),
    created_at(),
    version(),
    UniqueConstraint("session_id", "name"),
)
