"""Documents, with the text that full-text search reads."""

from sqlalchemy import Column, Computed, Index, String, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from agentic.layers.L01_data_layer.tables.columns import (
    count,
    created_at,
    given_only,
    identity,
    json_object,
    later,
    long_text,
    metadata,
    reference,
    updated_at,
    version,
)

# A tsvector holds at most 1 MB, and a document that needs more could not be stored: so the head of a long one is searched,
# 250,000 characters of English, 75,000 of a script with four bytes for each. The guide says so.
SEARCHED_CHARACTERS = 250_000
HEAD = f"left(coalesce(content, ''), {SEARCHED_CHARACTERS})"
FITTING = f"left({HEAD}, (300000::bigint * length({HEAD}) / greatest(octet_length({HEAD}), 300000))::integer)"
SEARCHED = (
    f"setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', {FITTING}), 'B')"
)
CONTENT_HASH = "content_sha256(content)"
"""A function of ours, because PostgreSQL has no immutable one for the hash of a text."""

DOCUMENTS = Table(
    "documents",
    metadata,
    identity(),
    Column("title", String(500), nullable=False),
    long_text("content"),
    Column("content_type", String(100), nullable=False, server_default=text("'text/plain'")),
    json_object("metadata"),
    Column("tags", ARRAY(Text()), nullable=False, server_default=text("'{}'")),
    later(count("authority")),
    later(reference("superseded_by", "documents")),
    version(),
    created_at(),
    updated_at(),
    Column("searched", TSVECTOR(), Computed(SEARCHED, persisted=True)),
    Index("idx_documents_content_type", "content_type", "id"),
    Index("idx_documents_tags", "tags", postgresql_using="gin"),
    Index("idx_documents_searched", "searched", postgresql_using="gin"),
    Index("idx_documents_content_hash", text(CONTENT_HASH), "id"),
    given_only("documents", "superseded_by"),
)
