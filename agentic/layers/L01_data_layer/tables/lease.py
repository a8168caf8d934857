"""Who does what only one process at a time is to do (docs/decisions/0042: a lease is not a fact)."""

from sqlalchemy import Column, DateTime, String, Table

from agentic.layers.L01_data_layer.tables.columns import metadata

LEASES = Table(
    "leases",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("holder", String(255), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
)
