"""Subscriptions, deliveries and rules; documents that are found by their content's hash, and supersede one another."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables and columns."""
    _documents()


def _documents() -> None:
    op.execute(
        "CREATE FUNCTION content_sha256(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE "
        "AS $$ SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex') $$"
    )
    op.add_column(
        "documents", sa.Column("authority", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("documents", sa.Column("superseded_by", sa.UUID(), nullable=True))
    op.create_foreign_key(
        op.f("documents_superseded_by_fkey"), "documents", "documents", ["superseded_by"], ["id"]
    )
    op.create_index(
        "idx_documents_content_hash",
        "documents",
        [sa.literal_column("content_sha256(content)"), "id"],
        unique=False,
    )
    op.create_index(
        "idx_documents_superseded_by",
        "documents",
        ["superseded_by", "id"],
        unique=False,
        postgresql_where=sa.text("superseded_by IS NOT NULL"),
    )
