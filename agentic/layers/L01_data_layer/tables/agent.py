"""L02: agents."""

from sqlalchemy import Column, Index, String, Table, text

from agentic.layers.L01_data_layer.tables.columns import (
    created_at,
    identity,
    json_object,
    metadata,
    updated_at,
    version,
)

AGENTS = Table(
    "agents",
    metadata,
    identity(),
    Column("did", String(255), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("agent_type", String(100), nullable=False, server_default=text("'general'")),
    Column("status", String(50), nullable=False, server_default=text("'created'")),
    json_object("configuration"),
    json_object("metadata"),
    json_object("resource_limits"),
    created_at(),
    updated_at(),
    version(),
    Index("idx_agents_status", "status", "id"),
    Index("idx_agents_agent_type", "agent_type", "id"),
    Index("idx_agents_name", "name", "id"),
)
