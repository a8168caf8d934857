"""The log, and the counters that order it.

`aggregates` holds one row for each aggregate that ever had an event; taking the next version is one upsert, whose row
lock is the queue of that aggregate's writers (docs/decisions/0003). `insert_order` is taken after that lock, so within
an aggregate it grows with `version`: it is the order in which the relay gives positions.

Two indexes hold `- position`: the newest of a kind are then the first of the index, and a planner that is asked for them
in that order cannot walk the whole log by `position` instead, hoping to meet one soon.
"""

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from agentic.layers.L01_data_layer.tables.columns import created_at, identity, json_object, metadata

EVENTS = Table(
    "events",
    metadata,
    identity(),
    Column("event_type", String(255), nullable=False),
    Column("aggregate_type", String(100), nullable=False),
    Column("aggregate_id", UUID(), nullable=False),
    Column("payload", JSONB(), nullable=False),
    json_object("metadata"),
    created_at(),
    Column("version", Integer(), nullable=False, server_default=text("1")),
    Column("position", BigInteger()),
    Column("insert_order", BigInteger(), Identity(always=True), nullable=False),
    Column("verb", String(6), comment="create, update or delete; null for a fact that changed no row"),
    Index("idx_events_aggregate", "aggregate_type", "aggregate_id", "version", unique=True),
    Index("idx_events_aggregate_kind", "aggregate_id", "event_type", text("(- position)")),
    Index(
        "idx_events_type",
        "event_type",
        "aggregate_type",
        text("(- position)"),
        postgresql_include=["position"],
    ),
    Index("idx_events_created", "created_at"),
    Index("idx_events_position", "position", unique=True),
    *(
        Index(
            f"idx_events_{name}",
            text(f"(metadata ->> '{name}_id')"),
            postgresql_where=text(f"(metadata ->> '{name}_id') IS NOT NULL"),
        )
        for name in ("correlation", "causation")
    ),
    Index("idx_events_pending", "insert_order", postgresql_where=text("position IS NULL")),
)

AGGREGATES = Table(
    "aggregates",
    metadata,
    Column("aggregate_type", String(100), primary_key=True),
    Column("aggregate_id", UUID(), primary_key=True),
    Column("version", Integer(), nullable=False),
)

EVENT_KINDS = Table(
    "event_kinds",
    metadata,
    Column("event_type", String(255), primary_key=True),
    Column("aggregate_type", String(100), primary_key=True),
    Column("count", BigInteger(), nullable=False),
    comment="How many events of each kind have a position; kept by the relay",
)

RELAY = Table(
    "relay",
    metadata,
    Column("id", Integer(), primary_key=True),
    Column("position", BigInteger(), nullable=False),
    Column("published", BigInteger(), nullable=False),
    comment="One row: the last position given, and the last one published",
)
