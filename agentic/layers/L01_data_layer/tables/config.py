"""Configuration, by namespace and key."""

from sqlalchemy import Column, String, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from agentic.layers.L01_data_layer.tables.columns import created_at, identity, metadata, updated_at, version

CONFIGURATIONS = Table(
    "configurations",
    metadata,
    identity(),
    Column("namespace", String(100), nullable=False),
    Column("key", String(255), nullable=False),
    Column("value", JSONB(), nullable=False),
    version(),
    created_at(),
    updated_at(),
    UniqueConstraint("namespace", "key"),
)
