"""Runs and what belongs to them: steps, approvals, budgets, schedules, and the reservation of calls and effects."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables and columns; rows that are there get the columns' defaults."""
    op.create_table(
        "budgets",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=True),
        sa.Column("period", sa.String(length=20), server_default=sa.text("'total'"), nullable=False),
        sa.Column("max_tokens", sa.BigInteger(), nullable=True),
        sa.Column("max_cost", sa.Numeric(precision=14, scale=6), nullable=True),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("budgets_pkey")),
    )
    op.create_index("idx_budgets_enabled", "budgets", ["enabled", "id"], unique=False)
    op.create_index("idx_budgets_scope", "budgets", ["scope", "id"], unique=False)
    op.create_index("idx_budgets_subject", "budgets", ["subject", "id"], unique=False)
    op.create_table(
        "budget_spending",
        sa.Column("budget_id", sa.UUID(), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tokens", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("cost", sa.Numeric(precision=14, scale=6), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["budget_id"], ["budgets.id"], name=op.f("budget_spending_budget_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("budget_id", "period_start", name=op.f("budget_spending_pkey")),
        comment="What is spent of each budget in a period, and held for calls in flight; derived from model_usage",
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("agent_id", sa.UUID(), nullable=True),
        sa.Column("session_id", sa.UUID(), nullable=True),
        sa.Column("parent_run_id", sa.UUID(), nullable=True),
        sa.Column("forked_from", sa.UUID(), nullable=True),
        sa.Column("fork_step", sa.Integer(), nullable=True),
        sa.Column("goal_id", sa.UUID(), nullable=True),
        sa.Column("task_id", sa.UUID(), nullable=True),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("input", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("output", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("configuration", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("priority", sa.Integer(), server_default=sa.text("5"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("worker", sa.String(length=255), nullable=True),
        sa.Column("token", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("steps", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("cost", sa.Numeric(precision=14, scale=6), server_default=sa.text("0"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("runs_agent_id_fkey")),
        sa.ForeignKeyConstraint(["forked_from"], ["runs.id"], name=op.f("runs_forked_from_fkey")),
        sa.ForeignKeyConstraint(["goal_id"], ["goals.id"], name=op.f("runs_goal_id_fkey")),
        sa.ForeignKeyConstraint(["parent_run_id"], ["runs.id"], name=op.f("runs_parent_run_id_fkey")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("runs_session_id_fkey")),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("runs_task_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("runs_pkey")),
    )
    op.create_index("idx_runs_agent_id", "runs", ["agent_id", "id"], unique=False)
    op.create_index(
        "idx_runs_due",
        "runs",
        [
            sa.literal_column("COALESCE(agent_id, '00000000-0000-0000-0000-000000000000'::uuid)"),
            sa.literal_column("priority DESC"),
            "due_at",
            "id",
        ],
        unique=False,
        postgresql_where=sa.text(
            "due_at IS NOT NULL AND status IN ('queued', 'suspended', 'waiting_approval')"
        ),
    )
    op.create_index(
        "idx_runs_forked_from",
        "runs",
        ["forked_from", "id"],
        unique=False,
        postgresql_where=sa.text("forked_from IS NOT NULL"),
    )
    op.create_index(
        "idx_runs_goal_id",
        "runs",
        ["goal_id", "id"],
        unique=False,
        postgresql_where=sa.text("goal_id IS NOT NULL"),
    )
    op.create_index(
        "idx_runs_parent_run_id",
        "runs",
        ["parent_run_id", "id"],
        unique=False,
        postgresql_where=sa.text("parent_run_id IS NOT NULL"),
    )
    op.create_index(
        "idx_runs_session_id",
        "runs",
        ["session_id", "id"],
        unique=False,
        postgresql_where=sa.text("session_id IS NOT NULL"),
    )
    op.create_index("idx_runs_status", "runs", ["status", "id"], unique=False)
    op.create_table(
        "schedules",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("agent_id", sa.UUID(), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("cron", sa.String(length=100), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timezone", sa.String(length=100), server_default=sa.text("'UTC'"), nullable=False),
        sa.Column("input", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_run_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("schedules_agent_id_fkey")),
        sa.ForeignKeyConstraint(["last_run_id"], ["runs.id"], name=op.f("schedules_last_run_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("schedules_pkey")),
    )
    op.create_index("idx_schedules_agent_id", "schedules", ["agent_id", "id"], unique=False)
    op.create_index(
        "idx_schedules_due",
        "schedules",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("enabled AND next_at IS NOT NULL"),
    )
    op.create_index("idx_schedules_enabled", "schedules", ["enabled", "id"], unique=False)
    op.add_column("tool_executions", sa.Column("run_id", sa.UUID(), nullable=True))
    op.add_column("tool_executions", sa.Column("step", sa.Integer(), nullable=True))
    op.add_column("tool_executions", sa.Column("effect_key", sa.String(length=255), nullable=True))
    op.add_column(
        "tool_executions", sa.Column("attempt", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.add_column(
        "tool_executions",
        sa.Column("idempotent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("tool_executions", sa.Column("approval_id", sa.UUID(), nullable=True))
    op.add_column("tool_executions", sa.Column("token", sa.Integer(), nullable=True))
    op.create_foreign_key(op.f("tool_executions_run_id_fkey"), "tool_executions", "runs", ["run_id"], ["id"])
    op.create_unique_constraint(op.f("tool_executions_effect_key_key"), "tool_executions", ["effect_key"])
    op.create_index(
        "idx_tool_executions_run_id",
        "tool_executions",
        ["run_id", "id"],
        unique=False,
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )
    op.add_column("model_usage", sa.Column("run_id", sa.UUID(), nullable=True))
    op.add_column("model_usage", sa.Column("step", sa.Integer(), nullable=True))
    op.add_column("model_usage", sa.Column("goal_id", sa.UUID(), nullable=True))
    op.add_column("model_usage", sa.Column("key_id", sa.String(length=255), nullable=True))
    op.add_column(
        "model_usage",
        sa.Column("status", sa.String(length=50), server_default=sa.text("'completed'"), nullable=False),
    )
    op.add_column(
        "model_usage", sa.Column("cached_tokens", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "model_usage",
        sa.Column("reasoning_tokens", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("model_usage", sa.Column("ttft_ms", sa.Integer(), nullable=True))
    op.add_column(
        "model_usage", sa.Column("cost_known", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.add_column(
        "model_usage", sa.Column("estimated", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("model_usage", sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("model_usage", sa.Column("held", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("model_usage", sa.Column("token", sa.Integer(), nullable=True))
    op.add_column("model_usage", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(op.f("model_usage_goal_id_fkey"), "model_usage", "goals", ["goal_id"], ["id"])
    op.create_foreign_key(op.f("model_usage_run_id_fkey"), "model_usage", "runs", ["run_id"], ["id"])
    op.create_index(
        "idx_model_usage_goal_id",
        "model_usage",
        ["goal_id", "id"],
        unique=False,
        postgresql_where=sa.text("goal_id IS NOT NULL"),
    )
    op.create_index(
        "idx_model_usage_in_flight",
        "model_usage",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'reserved'"),
    )
    op.create_index(
        "idx_model_usage_key_id",
        "model_usage",
        ["key_id", "id"],
        unique=False,
        postgresql_where=sa.text("key_id IS NOT NULL"),
    )
    op.create_index(
        "idx_model_usage_run_id",
        "model_usage",
        ["run_id", "id"],
        unique=False,
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )
    op.create_index(
        "idx_model_usage_status",
        "model_usage",
        ["status", "id"],
        unique=False,
        postgresql_where=sa.text("status <> 'completed'"),
    )
    op.create_table(
        "approvals",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=True),
        sa.Column("agent_id", sa.UUID(), nullable=True),
        sa.Column("execution_id", sa.UUID(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "request", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("decided_by", sa.String(length=255), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("approvals_agent_id_fkey")),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["tool_executions.id"], name=op.f("approvals_execution_id_fkey")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("approvals_run_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("approvals_pkey")),
    )
    op.create_index("idx_approvals_agent_id", "approvals", ["agent_id", "id"], unique=False)
    op.create_index(
        "idx_approvals_expiring",
        "approvals",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'approved')"),
    )
    op.create_index("idx_approvals_run_id", "approvals", ["run_id", "id"], unique=False)
    op.create_index("idx_approvals_status", "approvals", ["status", "id"], unique=False)
    op.create_table(
        "run_steps",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'completed'"), nullable=False),
        sa.Column("input", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("output", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("input_tokens", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("output_tokens", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cost", sa.Numeric(precision=14, scale=6), server_default=sa.text("0"), nullable=False),
        sa.Column("usage_id", sa.UUID(), nullable=True),
        sa.Column("execution_id", sa.UUID(), nullable=True),
        sa.Column("copied_from", sa.UUID(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["copied_from"], ["run_steps.id"], name=op.f("run_steps_copied_from_fkey")),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["tool_executions.id"], name=op.f("run_steps_execution_id_fkey")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("run_steps_run_id_fkey")),
        sa.ForeignKeyConstraint(["usage_id"], ["model_usage.id"], name=op.f("run_steps_usage_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("run_steps_pkey")),
    )
    op.create_index("idx_run_steps_number", "run_steps", ["run_id", "number"], unique=True)


def downgrade() -> None:
    """Drops them."""
    op.drop_index("idx_run_steps_number", table_name="run_steps")
    op.drop_table("run_steps")
    op.drop_index("idx_approvals_agent_id", table_name="approvals")
    op.drop_index(
        "idx_approvals_expiring",
        table_name="approvals",
        postgresql_where=sa.text("status IN ('pending', 'approved')"),
    )
    op.drop_index("idx_approvals_run_id", table_name="approvals")
    op.drop_index("idx_approvals_status", table_name="approvals")
    op.drop_table("approvals")
    op.drop_index(
        "idx_model_usage_status", table_name="model_usage", postgresql_where=sa.text("status <> 'completed'")
    )
    op.drop_index(
        "idx_model_usage_run_id", table_name="model_usage", postgresql_where=sa.text("run_id IS NOT NULL")
    )
    op.drop_index(
        "idx_model_usage_key_id", table_name="model_usage", postgresql_where=sa.text("key_id IS NOT NULL")
    )
    op.drop_index(
        "idx_model_usage_in_flight", table_name="model_usage", postgresql_where=sa.text("status = 'reserved'")
    )
    op.drop_index(
        "idx_model_usage_goal_id", table_name="model_usage", postgresql_where=sa.text("goal_id IS NOT NULL")
    )
    op.drop_constraint(op.f("model_usage_run_id_fkey"), "model_usage", type_="foreignkey")
    op.drop_constraint(op.f("model_usage_goal_id_fkey"), "model_usage", type_="foreignkey")
    op.drop_column("model_usage", "run_id")
    op.drop_column("model_usage", "step")
    op.drop_column("model_usage", "goal_id")
    op.drop_column("model_usage", "key_id")
    op.drop_column("model_usage", "status")
    op.drop_column("model_usage", "cached_tokens")
    op.drop_column("model_usage", "reasoning_tokens")
    op.drop_column("model_usage", "ttft_ms")
    op.drop_column("model_usage", "cost_known")
    op.drop_column("model_usage", "estimated")
    op.drop_column("model_usage", "error")
    op.drop_column("model_usage", "held")
    op.drop_column("model_usage", "token")
    op.drop_column("model_usage", "expires_at")
    op.drop_index(
        "idx_tool_executions_run_id",
        table_name="tool_executions",
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )
    op.drop_constraint(op.f("tool_executions_effect_key_key"), "tool_executions", type_="unique")
    op.drop_constraint(op.f("tool_executions_run_id_fkey"), "tool_executions", type_="foreignkey")
    op.drop_column("tool_executions", "run_id")
    op.drop_column("tool_executions", "step")
    op.drop_column("tool_executions", "effect_key")
    op.drop_column("tool_executions", "attempt")
    op.drop_column("tool_executions", "idempotent")
    op.drop_column("tool_executions", "approval_id")
    op.drop_column("tool_executions", "token")
    op.drop_index("idx_schedules_agent_id", table_name="schedules")
    op.drop_index(
        "idx_schedules_due",
        table_name="schedules",
        postgresql_where=sa.text("enabled AND next_at IS NOT NULL"),
    )
    op.drop_index("idx_schedules_enabled", table_name="schedules")
    op.drop_table("schedules")
    op.drop_index("idx_runs_agent_id", table_name="runs")
    op.drop_index(
        "idx_runs_due",
        table_name="runs",
        postgresql_where=sa.text(
            "due_at IS NOT NULL AND status IN ('queued', 'suspended', 'waiting_approval')"
        ),
    )
    op.drop_index(
        "idx_runs_forked_from", table_name="runs", postgresql_where=sa.text("forked_from IS NOT NULL")
    )
    op.drop_index("idx_runs_goal_id", table_name="runs", postgresql_where=sa.text("goal_id IS NOT NULL"))
    op.drop_index(
        "idx_runs_parent_run_id", table_name="runs", postgresql_where=sa.text("parent_run_id IS NOT NULL")
    )
    op.drop_index(
        "idx_runs_session_id", table_name="runs", postgresql_where=sa.text("session_id IS NOT NULL")
    )
    op.drop_index("idx_runs_status", table_name="runs")
    op.drop_table("runs")
    op.drop_table("budget_spending")
    op.drop_index("idx_budgets_enabled", table_name="budgets")
    op.drop_index("idx_budgets_scope", table_name="budgets")
    op.drop_index("idx_budgets_subject", table_name="budgets")
    op.drop_table("budgets")
