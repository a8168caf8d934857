"""Subscriptions, hooks, deliveries and what they are signed with; documents that are found by their content's hash."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _moment(name: str, *, now: bool = False) -> sa.Column:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not now)


def _record() -> list[sa.Column]:
    return [
        _moment("created_at", now=True),
        _moment("updated_at", now=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
    ]


def _json(name: str) -> sa.Column:
    kind = postgresql.JSONB(astext_type=sa.Text())
    return sa.Column(name, kind, server_default=sa.text("'{}'"), nullable=False)


def upgrade() -> None:
    """Makes the tables and columns."""
    _documents()
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        _json("filter"),
        _json("target"),
        sa.Column("form", sa.String(length=20), server_default=sa.text("'event'"), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("generation", sa.Integer(), server_default=sa.text("1"), nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name=op.f("subscriptions_pkey")),
        sa.UniqueConstraint("name", name=op.f("subscriptions_name_key")),
    )
    op.create_index("idx_subscriptions_enabled", "subscriptions", ["enabled", "id"], unique=False)
    op.create_index("idx_subscriptions_kind", "subscriptions", ["kind", "id"], unique=False)
    op.create_table(
        "hooks",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column(
            "event_type", sa.String(length=255), server_default=sa.text("'hook.received'"), nullable=False
        ),
        sa.Column("scheme", sa.String(length=20), server_default=sa.text("'standard'"), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        *_record(),
        sa.PrimaryKeyConstraint("id", name=op.f("hooks_pkey")),
        sa.UniqueConstraint("name", name=op.f("hooks_name_key")),
    )
    op.create_table(
        "deliveries",
        sa.Column("subscriber", sa.String(length=255), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("event_type", sa.String(length=255), nullable=False),
        sa.Column("aggregate_type", sa.String(length=100), nullable=False),
        sa.Column("aggregate_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        _moment("next_at"),
        _moment("updated_at", now=True),
        sa.PrimaryKeyConstraint("subscriber", "position", name=op.f("deliveries_pkey")),
        comment="What became of each event at a subscriber: of those that arrived only the newest are kept",
    )
    op.create_index("idx_deliveries_status", "deliveries", ["subscriber", "status", "position"], unique=False)
    op.create_table(
        "signing_secrets",
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=True),
        _moment("previous_until"),
        _moment("updated_at", now=True),
        sa.PrimaryKeyConstraint("owner", name=op.f("signing_secrets_pkey")),
        comment="Never in the log and never on a page",
    )


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
