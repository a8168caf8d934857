"""Runs of other agents are found by the place at which they were called, and runs by their task."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the indexes."""
    op.create_index(
        "idx_runs_called_at",
        "runs",
        ["parent_run_id", sa.literal_column("(configuration ->> 'called_at')"), "id"],
        unique=False,
        postgresql_where=sa.text("parent_run_id IS NOT NULL"),
    )
    op.create_index(
        "idx_runs_task_id",
        "runs",
        ["task_id", "id"],
        unique=False,
        postgresql_where=sa.text("task_id IS NOT NULL"),
    )
