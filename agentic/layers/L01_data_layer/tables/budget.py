"""L04: budgets, and what is spent of each in a period.

`budget_spending` is derived: the sum of the calls that a budget covers, with what is held for those in flight. A row that
is missing is made from them again; so it has no events, and may be deleted at any time.
"""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKey, Index, Numeric, String, Table, text
from sqlalchemy.dialects.postgresql import UUID

from agentic.layers.L01_data_layer.tables.columns import (
    count,
    created_at,
    identity,
    metadata,
    money,
    updated_at,
    version,
)

BUDGETS = Table(
    "budgets",
    metadata,
    identity(),
    Column("scope", String(20), nullable=False),
    Column("subject", String(255)),
    Column("period", String(20), nullable=False, server_default=text("'total'")),
    Column("max_tokens", BigInteger()),
    Column("max_cost", Numeric(14, 6)),
    Column("enabled", Boolean(), nullable=False, server_default=text("true")),
    created_at(),
    updated_at(),
    version(),
    Index("idx_budgets_scope", "scope", "id"),
    Index("idx_budgets_subject", "subject", "id"),
    Index("idx_budgets_enabled", "enabled", "id"),
)

BUDGET_SPENDING = Table(
    "budget_spending",
    metadata,
    Column("budget_id", UUID(), ForeignKey("budgets.id", ondelete="CASCADE"), primary_key=True),
    Column("period_start", DateTime(timezone=True), primary_key=True),
    count("tokens", BigInteger),
    money("cost"),
    comment="What is spent of each budget in a period, and held for calls in flight; derived from model_usage",
)
