"""Feedback that becomes examples and changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Feedback on runs and their steps; what is looked for to make agents better; files of examples."""
    _widen_feedback()
    _create_improvements()
    _create_exports()


def _widen_feedback() -> None:
    for column in (
        sa.Column("run_id", sa.UUID(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=100), nullable=True),
        sa.Column("author", sa.String(length=255), nullable=True),
        sa.Column("correction", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("better_than", sa.UUID(), nullable=True),
        sa.Column("handled", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    ):
        op.add_column("feedback_entries", column)
    for name in ("run_id", "better_than"):
        op.create_foreign_key(
            op.f(f"feedback_entries_{name}_fkey"), "feedback_entries", "runs", [name], ["id"]
        )
    for name in ("run_id", "better_than", "source"):
        _index_given("feedback_entries", name)


def _create_improvements() -> None:
    op.create_table(
        "improvements",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("agent_id", sa.UUID(), nullable=True),
        sa.Column("run_id", sa.UUID(), nullable=True),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("method", sa.String(length=100), nullable=False),
        _json_object("asked"),
        sa.Column("base_version", sa.Integer(), nullable=False),
        _json_object("before"),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'running'"), nullable=False),
        sa.Column("proposal", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        _json_object("numbers"),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("promoted_version", sa.Integer(), nullable=True),
        sa.Column("decided_by", sa.String(length=255), nullable=True),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rolled_back_at", sa.DateTime(timezone=True), nullable=True),
        *_bookkeeping(),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("improvements_agent_id_fkey")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("improvements_run_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("improvements_pkey")),
    )
    op.create_index("idx_improvements_agent_id", "improvements", ["agent_id", "id"], unique=False)
    op.create_index("idx_improvements_status", "improvements", ["status", "id"], unique=False)
    _index_given("improvements", "run_id")


def _create_exports() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("file_format", sa.String(length=100), nullable=False),
        _json_object("asked"),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'running'"), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        *_bookkeeping(),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("exports_run_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("exports_pkey")),
    )
    op.create_index("idx_exports_kind", "exports", ["kind", "id"], unique=False)
    op.create_index("idx_exports_status", "exports", ["status", "id"], unique=False)
    _index_given("exports", "run_id")


def _json_object(name: str) -> sa.Column:
    kind = postgresql.JSONB(astext_type=sa.Text())
    return sa.Column(name, kind, server_default=sa.text("'{}'"), nullable=False)


def _bookkeeping() -> tuple[sa.Column, sa.Column, sa.Column]:
    return (
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
    )


def _index_given(table: str, name: str) -> None:
    op.create_index(
        f"idx_{table}_{name}",
        table,
        [name, "id"],
        unique=False,
        postgresql_where=sa.text(f"{name} IS NOT NULL"),
    )
