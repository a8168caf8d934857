"""The first schema: every table of the specification, the log, and what keeps it in order."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "agents",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("did", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("agent_type", sa.String(length=100), server_default=sa.text("'general'"), nullable=False),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'created'"), nullable=False),
        sa.Column(
            "configuration",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "resource_limits",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("agents_pkey")),
        sa.UniqueConstraint("did", name=op.f("agents_did_key")),
    )
    op.create_index("idx_agents_agent_type", "agents", ["agent_type", "id"], unique=False)
    op.create_index("idx_agents_name", "agents", ["name", "id"], unique=False)
    op.create_index("idx_agents_status", "agents", ["status", "id"], unique=False)
    op.create_table(
        "aggregates",
        sa.Column("aggregate_type", sa.String(length=100), nullable=False),
        sa.Column("aggregate_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("aggregate_type", "aggregate_id", name=op.f("aggregates_pkey")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("api_keys_pkey")),
        sa.UniqueConstraint("key_hash", name=op.f("api_keys_key_hash_key")),
    )
    op.create_table(
        "configurations",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("namespace", sa.String(length=100), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("configurations_pkey")),
        sa.UniqueConstraint("namespace", "key", name=op.f("configurations_namespace_key_key")),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("cursors_pkey")),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column(
            "content_type", sa.String(length=100), server_default=sa.text("'text/plain'"), nullable=False
        ),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "searched",
            postgresql.TSVECTOR(),
            sa.Computed(
                "setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', left("
                "left(coalesce(content, ''), 250000), (300000::bigint * length(left(coalesce(content, ''), 250000))"
                " / greatest(octet_length(left(coalesce(content, ''), 250000)), 300000))::integer)), 'B')",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("documents_pkey")),
    )
    op.create_index("idx_documents_content_type", "documents", ["content_type", "id"], unique=False)
    op.create_index("idx_documents_searched", "documents", ["searched"], unique=False, postgresql_using="gin")
    op.create_index("idx_documents_tags", "documents", ["tags"], unique=False, postgresql_using="gin")
    op.create_table(
        "event_kinds",
        sa.Column("event_type", sa.String(length=255), nullable=False),
        sa.Column("aggregate_type", sa.String(length=100), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_type", "aggregate_type", name=op.f("event_kinds_pkey")),
        comment="How many events of each kind have a position; kept by the relay",
    )
    op.create_table(
        "events",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("event_type", sa.String(length=255), nullable=False),
        sa.Column("aggregate_type", sa.String(length=100), nullable=False),
        sa.Column("aggregate_id", sa.UUID(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("insert_order", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "verb",
            sa.String(length=6),
            nullable=True,
            comment="create, update or delete; null for a fact that changed no row",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("events_pkey")),
    )
    op.create_index(
        "idx_events_aggregate", "events", ["aggregate_type", "aggregate_id", "version"], unique=True
    )
    op.create_index(
        "idx_events_causation",
        "events",
        [sa.literal_column("(metadata ->> 'causation_id')")],
        unique=False,
        postgresql_where=sa.text("(metadata ->> 'causation_id') IS NOT NULL"),
    )
    op.create_index(
        "idx_events_correlation",
        "events",
        [sa.literal_column("(metadata ->> 'correlation_id')")],
        unique=False,
        postgresql_where=sa.text("(metadata ->> 'correlation_id') IS NOT NULL"),
    )
    op.create_index("idx_events_created", "events", ["created_at"], unique=False)
    op.create_index(
        "idx_events_pending",
        "events",
        ["insert_order"],
        unique=False,
        postgresql_where=sa.text("position IS NULL"),
    )
    op.create_index("idx_events_position", "events", ["position"], unique=True)
    op.create_index(
        "idx_events_type",
        "events",
        ["event_type", "aggregate_type", sa.text("(- position)")],
        unique=False,
        postgresql_include=["position"],
    )
    op.create_index(
        "idx_events_aggregate_kind",
        "events",
        ["aggregate_id", "event_type", sa.text("(- position)")],
        unique=False,
    )
    op.create_table(
        "idempotent_answers",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("idempotent_answers_pkey")),
        comment="The answer of a create that came with an Idempotency-Key, kept for 24 h",
    )
    op.create_table(
        "relay",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("relay_pkey")),
        comment="One row: the last position given, and the last one published",
    )
    op.create_table(
        "tools",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tool_type", sa.String(length=100), server_default=sa.text("'function'"), nullable=False),
        sa.Column("schema_def", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "permissions",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("tools_pkey")),
        sa.UniqueConstraint("name", name=op.f("tools_name_key")),
    )
    op.create_index("idx_tools_enabled", "tools", ["enabled", "id"], unique=False)
    op.create_index("idx_tools_tool_type", "tools", ["tool_type", "id"], unique=False)
    op.create_table(
        "goals",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("agent_id", sa.UUID(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column(
            "success_criteria",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("priority", sa.Integer(), server_default=sa.text("5"), nullable=False),
        sa.Column("parent_goal_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("goals_agent_id_fkey")),
        sa.ForeignKeyConstraint(["parent_goal_id"], ["goals.id"], name=op.f("goals_parent_goal_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("goals_pkey")),
    )
    op.create_index("idx_goals_agent_id", "goals", ["agent_id", "id"], unique=False)
    op.create_index("idx_goals_parent_goal_id", "goals", ["parent_goal_id", "id"], unique=False)
    op.create_index("idx_goals_priority", "goals", ["priority", "id"], unique=False)
    op.create_index("idx_goals_status", "goals", ["status", "id"], unique=False)
    op.create_table(
        "model_usage",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("agent_id", sa.UUID(), nullable=True),
        sa.Column("model_provider", sa.String(length=100), nullable=False),
        sa.Column("model_name", sa.String(length=255), nullable=False),
        sa.Column("input_tokens", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("output_tokens", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("cost_estimate", sa.Numeric(precision=10, scale=6), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("model_usage_agent_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("model_usage_pkey")),
    )
    op.create_index("idx_model_usage_agent_id", "model_usage", ["agent_id", "id"], unique=False)
    op.create_index("idx_model_usage_created", "model_usage", ["created_at"], unique=False)
    op.create_index("idx_model_usage_model_name", "model_usage", ["model_name", "id"], unique=False)
    op.create_index("idx_model_usage_model_provider", "model_usage", ["model_provider", "id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("agent_id", sa.UUID(), nullable=True),
        sa.Column(
            "session_type", sa.String(length=100), server_default=sa.text("'conversation'"), nullable=False
        ),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'active'"), nullable=False),
        sa.Column(
            "context", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("checkpoint", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("sessions_agent_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("sessions_pkey")),
    )
    op.create_index("idx_sessions_agent_id", "sessions", ["agent_id", "id"], unique=False)
    op.create_index("idx_sessions_session_type", "sessions", ["session_type", "id"], unique=False)
    op.create_index("idx_sessions_status", "sessions", ["status", "id"], unique=False)
    op.create_table(
        "tool_executions",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("tool_id", sa.UUID(), nullable=True),
        sa.Column("agent_id", sa.UUID(), nullable=True),
        sa.Column("input_params", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("output_result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("tool_executions_agent_id_fkey")),
        sa.ForeignKeyConstraint(["tool_id"], ["tools.id"], name=op.f("tool_executions_tool_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("tool_executions_pkey")),
    )
    op.create_index("idx_tool_executions_agent_id", "tool_executions", ["agent_id", "id"], unique=False)
    op.create_index("idx_tool_executions_status", "tool_executions", ["status", "id"], unique=False)
    op.create_index("idx_tool_executions_tool_id", "tool_executions", ["tool_id", "id"], unique=False)
    op.create_table(
        "checkpoints",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("session_id", sa.UUID(), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column(
            "context", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("checkpoint", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("checkpoints_session_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("checkpoints_pkey")),
        sa.UniqueConstraint("session_id", "name", name=op.f("checkpoints_session_id_name_key")),
    )
    op.create_table(
        "plans",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("goal_id", sa.UUID(), nullable=True),
        sa.Column("agent_id", sa.UUID(), nullable=True),
        sa.Column("plan_type", sa.String(length=100), server_default=sa.text("'sequential'"), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'draft'"), nullable=False),
        sa.Column("current_step", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("plans_agent_id_fkey")),
        sa.ForeignKeyConstraint(["goal_id"], ["goals.id"], name=op.f("plans_goal_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("plans_pkey")),
    )
    op.create_index("idx_plans_agent_id", "plans", ["agent_id", "id"], unique=False)
    op.create_index("idx_plans_goal_id", "plans", ["goal_id", "id"], unique=False)
    op.create_index("idx_plans_plan_type", "plans", ["plan_type", "id"], unique=False)
    op.create_index("idx_plans_status", "plans", ["status", "id"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("plan_id", sa.UUID(), nullable=True),
        sa.Column("agent_id", sa.UUID(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("task_type", sa.String(length=100), nullable=True),
        sa.Column(
            "input_data",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("output_data", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("sequence_order", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("tasks_agent_id_fkey")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("tasks_plan_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("tasks_pkey")),
    )
    op.create_index("idx_tasks_agent_id", "tasks", ["agent_id", "id"], unique=False)
    op.create_index("idx_tasks_plan_id", "tasks", ["plan_id", "id"], unique=False)
    op.create_index("idx_tasks_status", "tasks", ["status", "id"], unique=False)
    op.create_index("idx_tasks_task_type", "tasks", ["task_type", "id"], unique=False)
    op.create_table(
        "evaluations",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("agent_id", sa.UUID(), nullable=True),
        sa.Column("task_id", sa.UUID(), nullable=True),
        sa.Column("evaluation_type", sa.String(length=100), nullable=False),
        sa.Column("score", sa.Numeric(precision=5, scale=4), nullable=True),
        sa.Column(
            "metrics", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("feedback", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("evaluations_agent_id_fkey")),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("evaluations_task_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("evaluations_pkey")),
    )
    op.create_index("idx_evaluations_agent_id", "evaluations", ["agent_id", "id"], unique=False)
    op.create_index("idx_evaluations_created", "evaluations", ["created_at"], unique=False)
    op.create_index("idx_evaluations_evaluation_type", "evaluations", ["evaluation_type", "id"], unique=False)
    op.create_index("idx_evaluations_task_id", "evaluations", ["task_id", "id"], unique=False)
    op.create_table(
        "feedback_entries",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("agent_id", sa.UUID(), nullable=True),
        sa.Column("task_id", sa.UUID(), nullable=True),
        sa.Column("feedback_type", sa.String(length=100), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("processed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("feedback_entries_agent_id_fkey")),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("feedback_entries_task_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("feedback_entries_pkey")),
    )
    op.create_index("idx_feedback_entries_agent_id", "feedback_entries", ["agent_id", "id"], unique=False)
    op.create_index(
        "idx_feedback_entries_feedback_type", "feedback_entries", ["feedback_type", "id"], unique=False
    )
    op.create_index("idx_feedback_entries_processed", "feedback_entries", ["processed", "id"], unique=False)
    op.create_index("idx_feedback_entries_task_id", "feedback_entries", ["task_id", "id"], unique=False)
    op.execute("INSERT INTO relay (id, position, published) VALUES (1, 0, 0)")
    # The fold of a record's events: each payload laid over what came before (services/history.py).
    op.execute("CREATE AGGREGATE jsonb_merge(jsonb) (SFUNC = jsonb_concat, STYPE = jsonb, INITCOND = '{}')")


def downgrade() -> None:
    """Drops them."""
    op.execute("DROP AGGREGATE jsonb_merge(jsonb)")
    op.drop_index("idx_feedback_entries_task_id", table_name="feedback_entries")
    op.drop_index("idx_feedback_entries_processed", table_name="feedback_entries")
    op.drop_index("idx_feedback_entries_feedback_type", table_name="feedback_entries")
    op.drop_index("idx_feedback_entries_agent_id", table_name="feedback_entries")
    op.drop_table("feedback_entries")
    op.drop_index("idx_evaluations_task_id", table_name="evaluations")
    op.drop_index("idx_evaluations_evaluation_type", table_name="evaluations")
    op.drop_index("idx_evaluations_created", table_name="evaluations")
    op.drop_index("idx_evaluations_agent_id", table_name="evaluations")
    op.drop_table("evaluations")
    op.drop_index("idx_tasks_task_type", table_name="tasks")
    op.drop_index("idx_tasks_status", table_name="tasks")
    op.drop_index("idx_tasks_plan_id", table_name="tasks")
    op.drop_index("idx_tasks_agent_id", table_name="tasks")
    op.drop_table("tasks")
    op.drop_index("idx_plans_status", table_name="plans")
    op.drop_index("idx_plans_plan_type", table_name="plans")
    op.drop_index("idx_plans_goal_id", table_name="plans")
    op.drop_index("idx_plans_agent_id", table_name="plans")
    op.drop_table("plans")
    op.drop_table("checkpoints")
    op.drop_index("idx_tool_executions_tool_id", table_name="tool_executions")
    op.drop_index("idx_tool_executions_status", table_name="tool_executions")
    op.drop_index("idx_tool_executions_agent_id", table_name="tool_executions")
    op.drop_table("tool_executions")
    op.drop_index("idx_sessions_status", table_name="sessions")
    op.drop_index("idx_sessions_session_type", table_name="sessions")
    op.drop_index("idx_sessions_agent_id", table_name="sessions")
    op.drop_table("sessions")
    op.drop_index("idx_model_usage_model_provider", table_name="model_usage")
    op.drop_index("idx_model_usage_model_name", table_name="model_usage")
    op.drop_index("idx_model_usage_created", table_name="model_usage")
    op.drop_index("idx_model_usage_agent_id", table_name="model_usage")
    op.drop_table("model_usage")
    op.drop_index("idx_goals_status", table_name="goals")
    op.drop_index("idx_goals_priority", table_name="goals")
    op.drop_index("idx_goals_parent_goal_id", table_name="goals")
    op.drop_index("idx_goals_agent_id", table_name="goals")
    op.drop_table("goals")
    op.drop_index("idx_tools_tool_type", table_name="tools")
    op.drop_index("idx_tools_enabled", table_name="tools")
    op.drop_table("tools")
    op.drop_table("relay")
    op.drop_table("idempotent_answers")
    op.drop_index("idx_events_type", table_name="events")
    op.drop_index("idx_events_position", table_name="events")
    op.drop_index("idx_events_pending", table_name="events", postgresql_where=sa.text("position IS NULL"))
    op.drop_index("idx_events_aggregate_kind", table_name="events")
    op.drop_index("idx_events_created", table_name="events")
    op.drop_index(
        "idx_events_correlation",
        table_name="events",
        postgresql_where=sa.text("(metadata ->> 'correlation_id') IS NOT NULL"),
    )
    op.drop_index(
        "idx_events_causation",
        table_name="events",
        postgresql_where=sa.text("(metadata ->> 'causation_id') IS NOT NULL"),
    )
    op.drop_index("idx_events_aggregate", table_name="events")
    op.drop_table("events")
    op.drop_table("event_kinds")
    op.drop_index("idx_documents_tags", table_name="documents", postgresql_using="gin")
    op.drop_index("idx_documents_searched", table_name="documents", postgresql_using="gin")
    op.drop_index("idx_documents_content_type", table_name="documents")
    op.drop_table("documents")
    op.drop_table("cursors")
    op.drop_table("configurations")
    op.drop_table("api_keys")
    op.drop_table("aggregates")
    op.drop_index("idx_agents_status", table_name="agents")
    op.drop_index("idx_agents_name", table_name="agents")
    op.drop_index("idx_agents_agent_type", table_name="agents")
    op.drop_table("agents")
