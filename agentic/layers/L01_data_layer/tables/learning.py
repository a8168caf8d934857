"""L07: changes of agents that were looked for, and files of examples."""

from sqlalchemy import Column, Index, Integer, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from agentic.layers.L01_data_layer.tables.columns import (
    created_at,
    given_only,
    identity,
    json_object,
    long_text,
    metadata,
    moment,
    reference,
    updated_at,
    version,
)

IMPROVEMENTS = Table(
    "improvements",
    metadata,
    identity(),
    reference("agent_id", "agents"),
    reference("run_id", "runs"),
    Column("title", String(255), nullable=False),
    Column("method", String(100), nullable=False),
    json_object("asked"),
    Column("base_version", Integer(), nullable=False),
    json_object("before"),
    Column("status", String(50), nullable=False, server_default=text("'running'")),
    Column("proposal", JSONB()),
    json_object("numbers"),
    long_text("reason"),
    Column("promoted_version", Integer()),
    Column("decided_by", String(255)),
    moment("promoted_at"),
    moment("rolled_back_at"),
    created_at(),
    updated_at(),
    version(),
    Index("idx_improvements_agent_id", "agent_id", "id"),
    given_only("improvements", "run_id"),
    Index("idx_improvements_status", "status", "id"),
)

EXPORTS = Table(
    "exports",
    metadata,
    identity(),
    reference("run_id", "runs"),
    Column("name", String(255), nullable=False),
    Column("kind", String(100), nullable=False),
    Column("file_format", String(100), nullable=False),
    json_object("asked"),
    Column("status", String(50), nullable=False, server_default=text("'running'")),
    Column("result", JSONB()),
    long_text("reason"),
    moment("completed_at"),
    created_at(),
    updated_at(),
    version(),
    given_only("exports", "run_id"),
    Index("idx_exports_kind", "kind", "id"),
    Index("idx_exports_status", "status", "id"),
)
