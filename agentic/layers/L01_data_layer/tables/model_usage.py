"""L04: what each model call used and cost."""

from sqlalchemy import Boolean, Column, Index, Integer, Numeric, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from agentic.layers.L01_data_layer.tables.columns import (
    count,
    created_at,
    given_only,
    identity,
    later,
    metadata,
    moment,
    reference,
    version,
)

MODEL_USAGE = Table(
    "model_usage",
    metadata,
    identity(),
    reference("agent_id", "agents"),
    Column("model_provider", String(100), nullable=False),
    Column("model_name", String(255), nullable=False),
    Column("input_tokens", Integer(), nullable=False, server_default=text("0")),
    Column("output_tokens", Integer(), nullable=False, server_default=text("0")),
    Column("latency_ms", Integer()),
    Column("cost_estimate", Numeric(10, 6)),
    created_at(),
    version(),
    later(reference("run_id", "runs")),
    later(Column("step", Integer())),
    later(reference("goal_id", "goals")),
    later(Column("key_id", String(255))),
    later(Column("status", String(50), nullable=False, server_default=text("'completed'"))),
    later(count("cached_tokens")),
    later(count("reasoning_tokens")),
    later(Column("ttft_ms", Integer())),
    later(Column("cost_known", Boolean(), nullable=False, server_default=text("true"))),
    later(Column("estimated", Boolean(), nullable=False, server_default=text("false"))),
    later(Column("error", JSONB())),
    later(Column("held", JSONB())),
    later(Column("token", Integer())),
    later(moment("expires_at")),
    Index("idx_model_usage_agent_id", "agent_id", "id"),
    Index("idx_model_usage_model_provider", "model_provider", "id"),
    Index("idx_model_usage_model_name", "model_name", "id"),
    Index("idx_model_usage_created", "created_at"),
    given_only("model_usage", "run_id"),
    given_only("model_usage", "goal_id"),
    given_only("model_usage", "key_id"),
    Index("idx_model_usage_status", "status", "id", postgresql_where=text("status <> 'completed'")),
    Index("idx_model_usage_in_flight", "expires_at", postgresql_where=text("status = 'reserved'")),
)
