"""L03: what waits for a person's word."""

from sqlalchemy import Column, Index, String, Table, text

from agentic.layers.L01_data_layer.tables.columns import (
    created_at,
    identity,
    json_object,
    long_text,
    metadata,
    moment,
    reference,
    updated_at,
    version,
)

APPROVALS = Table(
    "approvals",
    metadata,
    identity(),
    reference("run_id", "runs"),
    reference("agent_id", "agents"),
    reference("execution_id", "tool_executions"),
    long_text("title", required=True),
    json_object("request"),
    Column("status", String(50), nullable=False, server_default=text("'pending'")),
    Column("decided_by", String(255)),
    long_text("reason"),
    moment("expires_at"),
    moment("decided_at"),
    moment("consumed_at"),
    created_at(),
    updated_at(),
    version(),
    Index("idx_approvals_run_id", "run_id", "id"),
    Index("idx_approvals_agent_id", "agent_id", "id"),
    Index("idx_approvals_status", "status", "id"),
    Index("idx_approvals_expiring", "expires_at", postgresql_where=text("status IN ('pending', 'approved')")),
)
