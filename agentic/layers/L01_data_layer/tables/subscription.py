"""L11: subscriptions and hooks, what became of events at subscribers, and what messages are signed with.

The last two are no facts, and have no events (docs/decisions/0040).
"""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, String, Table, Text, text
from sqlalchemy.dialects.postgresql import UUID

from agentic.layers.L01_data_layer.tables.columns import (
    count,
    created_at,
    identity,
    json_object,
    metadata,
    moment,
    updated_at,
    version,
)

SUBSCRIPTIONS = Table(
    "subscriptions",
    metadata,
    identity(),
    Column("name", String(100), nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("event_type", Text(), nullable=False),
    json_object("filter"),
    json_object("target"),
    Column("form", String(20), nullable=False, server_default=text("'event'")),
    Column("enabled", Boolean(), nullable=False, server_default=text("true")),
    Column("reason", Text()),
    Column("generation", Integer(), nullable=False, server_default=text("1")),
    created_at(),
    updated_at(),
    version(),
    Index("idx_subscriptions_kind", "kind", "id"),
    Index("idx_subscriptions_enabled", "enabled", "id"),
)

HOOKS = Table(
    "hooks",
    metadata,
    identity(),
    Column("name", String(100), nullable=False, unique=True),
    Column("event_type", String(255), nullable=False, server_default=text("'hook.received'")),
    Column("scheme", String(20), nullable=False, server_default=text("'standard'")),
    Column("enabled", Boolean(), nullable=False, server_default=text("true")),
    created_at(),
    updated_at(),
    version(),
)

DELIVERIES = Table(
    "deliveries",
    metadata,
    Column("subscriber", String(255), primary_key=True),
    Column("position", BigInteger(), primary_key=True),
    Column("event_id", UUID(), nullable=False),
    Column("event_type", String(255), nullable=False),
    Column("aggregate_type", String(100), nullable=False),
    Column("aggregate_id", UUID(), nullable=False),
    Column("status", String(20), nullable=False),
    count("attempts"),
    Column("code", Integer()),
    Column("duration_ms", Integer()),
    Column("error", Text()),
    Column("first_at", DateTime(timezone=True), nullable=False),
    moment("next_at"),
    updated_at(),
    Index("idx_deliveries_status", "subscriber", "status", "position"),
    comment="What became of each event at a subscriber: of those that arrived only the newest are kept",
)

SIGNING_SECRETS = Table(
    "signing_secrets",
    metadata,
    Column("owner", String(255), primary_key=True),
    Column("secret", Text(), nullable=False),
    Column("previous", Text()),
    moment("previous_until"),
    updated_at(),
    comment="Never in the log and never on a page",
)
