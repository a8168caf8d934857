"""Datasets, experiments and what evaluations are of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

GIVEN_ONLY = {
    "dataset_items": ("split", "source_run_id", "source_feedback_id", "person"),
    "experiments": ("baseline_agent_id", "goal_id", "run_id"),
    "experiment_results": ("run_id",),
    "evaluations": ("run_id", "experiment_id", "evaluator"),
}
"""Columns that few rows have, each with an index of those."""
PAGED = {
    "dataset_items": ("dataset_id",),
    "experiments": ("name", "dataset_id", "agent_id", "status"),
    "experiment_results": ("experiment_id", "item_id", "fingerprint"),
}


def _json(name: str, default: str | None = None) -> sa.Column[object]:
    if default is None:
        return sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    given = sa.text(default)
    return sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), server_default=given, nullable=False)


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _version() -> sa.Column[object]:
    return sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False)


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"{table}_{column}_fkey"))


def upgrade() -> None:
    """Makes the tables and columns; evaluations that are there get the columns' defaults."""
    _datasets()
    _experiments()
    _sums()
    for column, kind in (
        ("run_id", sa.UUID()),
        ("experiment_id", sa.UUID()),
        ("evaluator", sa.String(length=100)),
        ("evaluator_version", sa.String(length=64)),
        ("origin", sa.String(length=255)),
    ):
        op.add_column("evaluations", sa.Column(column, kind, nullable=True))
    for column, target in (("run_id", "runs"), ("experiment_id", "experiments")):
        op.create_foreign_key(op.f(f"evaluations_{column}_fkey"), "evaluations", target, [column], ["id"])
    op.create_unique_constraint(op.f("evaluations_origin_key"), "evaluations", ["origin"])
    for table, columns in PAGED.items():
        for column in columns:
            op.create_index(f"idx_{table}_{column}", table, [column, "id"], unique=False)
    for table, columns in GIVEN_ONLY.items():
        for column in columns:
            op.create_index(
                f"idx_{table}_{column}",
                table,
                [column, "id"],
                unique=False,
                postgresql_where=sa.text(f"{column} IS NOT NULL"),
            )


def _datasets() -> None:
    op.create_table(
        "datasets",
        _id(),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        _json("evaluators", "'[]'"),
        _json("metadata", "'{}'"),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("size", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        _version(),
        sa.PrimaryKeyConstraint("id", name=op.f("datasets_pkey")),
        sa.UniqueConstraint("name", name=op.f("datasets_name_key")),
    )
    op.create_table(
        "dataset_items",
        _id(),
        sa.Column("dataset_id", sa.UUID(), nullable=False),
        _json("input"),
        _json("expected"),
        _json("metadata", "'{}'"),
        sa.Column("split", sa.String(length=100), nullable=True),
        sa.Column("source_run_id", sa.UUID(), nullable=True),
        sa.Column("source_feedback_id", sa.UUID(), nullable=True),
        sa.Column("person", sa.String(length=255), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("added_in", sa.Integer(), nullable=False),
        sa.Column("removed_in", sa.Integer(), nullable=True),
        _moment("created_at"),
        _version(),
        _refers("dataset_items", "dataset_id", "datasets"),
        _refers("dataset_items", "source_run_id", "runs"),
        _refers("dataset_items", "source_feedback_id", "feedback_entries"),
        sa.PrimaryKeyConstraint("id", name=op.f("dataset_items_pkey")),
    )
    op.create_index(
        "idx_dataset_items_digest",
        "dataset_items",
        ["dataset_id", "digest"],
        unique=True,
        postgresql_where=sa.text("removed_in IS NULL"),
    )


def _experiments() -> None:
    op.create_table(
        "experiments",
        _id(),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("dataset_id", sa.UUID(), nullable=False),
        sa.Column("dataset_revision", sa.Integer(), nullable=False),
        sa.Column("split", sa.String(length=100), nullable=True),
        sa.Column("agent_id", sa.UUID(), nullable=False),
        _json("configuration", "'{}'"),
        sa.Column("baseline_agent_id", sa.UUID(), nullable=True),
        _json("baseline_configuration"),
        sa.Column("repeats", sa.Integer(), server_default=sa.text("1"), nullable=False),
        _json("evaluators", "'[]'"),
        _json("options", "'{}'"),
        sa.Column("goal_id", sa.UUID(), nullable=True),
        sa.Column("run_id", sa.UUID(), nullable=True),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'pending'"), nullable=False),
        _json("summary"),
        _json("error"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        _version(),
        _refers("experiments", "dataset_id", "datasets"),
        _refers("experiments", "agent_id", "agents"),
        _refers("experiments", "baseline_agent_id", "agents"),
        _refers("experiments", "goal_id", "goals"),
        _refers("experiments", "run_id", "runs"),
        sa.PrimaryKeyConstraint("id", name=op.f("experiments_pkey")),
    )
    op.create_table(
        "experiment_results",
        _id(),
        sa.Column("experiment_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("arm", sa.String(length=20), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=True),
        sa.Column("reused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        _json("output"),
        _json("error"),
        sa.Column("score", sa.Numeric(precision=5, scale=4), nullable=True),
        _json("scores", "'{}'"),
        sa.Column("cost", sa.Numeric(precision=14, scale=6), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        _moment("created_at"),
        _version(),
        _refers("experiment_results", "experiment_id", "experiments"),
        _refers("experiment_results", "item_id", "dataset_items"),
        _refers("experiment_results", "run_id", "runs"),
        sa.PrimaryKeyConstraint("id", name=op.f("experiment_results_pkey")),
    )
    op.create_index(
        "idx_experiment_results_once",
        "experiment_results",
        ["experiment_id", "item_id", "arm", "repeat"],
        unique=True,
    )


def _sums() -> None:
    nothing = sa.text("0")
    op.create_table(
        "evaluation_sums",
        sa.Column("agent_id", sa.UUID(), nullable=False),
        sa.Column("evaluation_type", sa.String(length=100), nullable=False),
        sa.Column("span", sa.String(length=10), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), server_default=nothing, nullable=False)
            for name in ("count", "scored", "total", "squares")
        ),
        sa.Column("lowest", sa.SmallInteger(), nullable=True),
        sa.Column("highest", sa.SmallInteger(), nullable=True),
        sa.Column("hundredths", sa.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("counts", sa.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint(
            "agent_id", "evaluation_type", "span", "start", name=op.f("evaluation_sums_pkey")
        ),
        comment="Evaluations of an agent, or of all, in an hour or day that is over; derived from evaluations, in ten-thousandths",
    )
    op.create_index("idx_evaluation_sums_start", "evaluation_sums", ["span", "start"], unique=False)
    op.create_table(
        "evaluation_sums_upto",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("upto", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("evaluation_sums_upto_pkey")),
        comment="The hour before which every evaluation is in a sum; one row",
    )
    op.execute("INSERT INTO evaluation_sums_upto (id) VALUES (1)")


def downgrade() -> None:
    """Takes them away."""
    for column in GIVEN_ONLY["evaluations"]:
        op.drop_index(f"idx_evaluations_{column}", table_name="evaluations")
    for column in ("origin", "evaluator_version", "evaluator", "experiment_id", "run_id"):
        op.drop_column("evaluations", column)
    for table in ("experiment_results", "experiments", "dataset_items", "datasets"):
        op.drop_table(table)
    for table in ("evaluation_sums", "evaluation_sums_upto"):
        op.drop_table(table)
