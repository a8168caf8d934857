"""L04: what each model call used and cost."""

from sqlalchemy import Column, Index, Integer, Numeric, String, Table, text

from agentic.layers.L01_data_layer.tables.columns import created_at, identity, metadata, reference, version

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
    Index("idx_model_usage_agent_id", "agent_id", "id"),
    Index("idx_model_usage_model_provider", "model_provider", "id"),
    Index("idx_model_usage_model_name", "model_name", "id"),
    Index("idx_model_usage_created", "created_at"),
)
