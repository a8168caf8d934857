"""L03: tools and their executions."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from agentic.layers.L01_data_layer.tables.columns import (
    created_at,
    given_only,
    identity,
    json_object,
    later,
    long_text,
    metadata,
    moment,
    reference,
    updated_at,
    version,
)

TOOLS = Table(
    "tools",
    metadata,
    identity(),
    Column("name", String(255), nullable=False, unique=True),
    long_text("description"),
    Column("tool_type", String(100), nullable=False, server_default=text("'function'")),
    Column("schema_def", JSONB(), nullable=False),
    json_object("permissions"),
    Column("enabled", Boolean(), nullable=False, server_default=text("true")),
    created_at(),
    updated_at(),
    version(),
    Index("idx_tools_tool_type", "tool_type", "id"),
    Index("idx_tools_enabled", "enabled", "id"),
)

TOOL_EXECUTIONS = Table(
    "tool_executions",
    metadata,
    identity(),
    reference("tool_id", "tools"),
    reference("agent_id", "agents"),
    Column("input_params", JSONB()),
    Column("output_result", JSONB()),
    Column("status", String(50), nullable=False, server_default=text("'pending'")),
    long_text("error_message"),
    created_at(),
    moment("started_at"),
    moment("completed_at"),
    version(),
    later(reference("run_id", "runs")),
    later(Column("step", Integer())),
    later(Column("effect_key", String(255), unique=True)),
    later(Column("attempt", Integer(), nullable=False, server_default=text("1"))),
    later(Column("idempotent", Boolean(), nullable=False, server_default=text("false"))),
    later(Column("approval_id", UUID())),
    later(Column("token", Integer())),
    Index("idx_tool_executions_tool_id", "tool_id", "id"),
    Index("idx_tool_executions_agent_id", "agent_id", "id"),
    Index("idx_tool_executions_status", "status", "id"),
    given_only("tool_executions", "run_id"),
)
