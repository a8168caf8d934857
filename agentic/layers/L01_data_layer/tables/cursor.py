"""How far each durable reader of the log has come (docs/decisions/0005: a bookmark is not a fact)."""

from sqlalchemy import BigInteger, Column, String, Table

from agentic.layers.L01_data_layer.tables.columns import metadata, updated_at

CURSORS = Table(
    "cursors",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("position", BigInteger(), nullable=False),
    updated_at(),
)
