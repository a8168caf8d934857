"""L09: keys, stored as hashes only, and the answers kept for repeated requests."""

from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from agentic.layers.L01_data_layer.tables.columns import (
    created_at,
    identity,
    metadata,
    moment,
    updated_at,
    version,
)

API_KEYS = Table(
    "api_keys",
    metadata,
    identity(),
    Column("name", String(255), nullable=False),
    Column("prefix", String(20), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("scopes", ARRAY(Text()), nullable=False),
    moment("expires_at"),
    moment("revoked_at"),
    created_at(),
    updated_at(),
    version(),
)

IDEMPOTENT_ANSWERS = Table(
    "idempotent_answers",
    metadata,
    Column("key", String(300), primary_key=True),
    Column("request_hash", String(64), nullable=False),
    Column("body", LargeBinary(), nullable=False),
    Column("version", Integer(), nullable=False),
    created_at(),
    comment="The answer of a create that came with an Idempotency-Key, kept for 24 h",
)
