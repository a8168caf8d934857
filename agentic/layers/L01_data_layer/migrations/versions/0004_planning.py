"""Goals, plans and tasks that are carried out: by which run, as which step, and what came of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    """Makes the columns; rows that are there get their defaults."""
    op.add_column("goals", sa.Column("result", JSON, nullable=True))
    op.add_column("plans", sa.Column("options", JSON, server_default=sa.text("'{}'"), nullable=False))
    op.add_column("plans", sa.Column("run_id", sa.UUID(), nullable=True))
    op.add_column("plans", sa.Column("error", JSON, nullable=True))
    op.create_index(
        "idx_plans_run_id",
        "plans",
        ["run_id", "id"],
        unique=False,
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )
    op.add_column("tasks", sa.Column("step_id", sa.String(length=100), nullable=True))
    op.add_column("tasks", sa.Column("error", JSON, nullable=True))
    op.create_index(
        "idx_tasks_step_id",
        "tasks",
        ["plan_id", "step_id"],
        unique=True,
        postgresql_where=sa.text("step_id IS NOT NULL"),
    )
    op.create_index(
        "idx_tasks_step_number",
        "tasks",
        ["plan_id", "sequence_order"],
        unique=True,
        postgresql_where=sa.text("step_id IS NOT NULL"),
    )
