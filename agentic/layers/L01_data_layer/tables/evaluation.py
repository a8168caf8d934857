"""L06: evaluations, the newest columns last. `origin` is what one is made by, of which there can be one alone."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Table,
)
from sqlalchemy.dialects.postgresql import UUID

from agentic.layers.L01_data_layer.tables.columns import (
    count,
    created_at,
    given_only,
    identity,
    json_object,
    later,
    long_text,
    metadata,
    moment,
    reference,
    version,
)

EVALUATIONS = Table(
    "evaluations",
    metadata,
    identity(),
    reference("agent_id", "agents"),
    reference("task_id", "tasks"),
    Column("evaluation_type", String(100), nullable=False),
    Column("score", Numeric(5, 4)),
    json_object("metrics"),
    long_text("feedback"),
    later(reference("run_id", "runs")),
    later(reference("experiment_id", "experiments")),
    later(Column("evaluator", String(100))),
    later(Column("evaluator_version", String(64))),
    later(Column("origin", String(255), unique=True)),
    created_at(),
    version(),
    Index("idx_evaluations_agent_id", "agent_id", "id"),
    Index("idx_evaluations_task_id", "task_id", "id"),
    Index("idx_evaluations_evaluation_type", "evaluation_type", "id"),
    Index("idx_evaluations_created", "created_at"),
    given_only("evaluations", "run_id"),
    given_only("evaluations", "experiment_id"),
    given_only("evaluations", "evaluator"),
)

EVALUATION_SUMS = Table(
    "evaluation_sums",
    metadata,
    Column("agent_id", UUID(), primary_key=True),
    Column("evaluation_type", String(100), primary_key=True),
    Column("span", String(10), primary_key=True),
    Column("start", DateTime(timezone=True), primary_key=True),
    count("count", BigInteger),
    count("scored", BigInteger),
    count("total", BigInteger),
    count("squares", BigInteger),
    Column("lowest", SmallInteger()),
    Column("highest", SmallInteger()),
    Column("hundredths", ARRAY(SmallInteger()), nullable=False),
    Column("counts", ARRAY(Integer()), nullable=False),
    Index("idx_evaluation_sums_start", "span", "start"),
    comment="Evaluations of an agent, or of all, in an hour or day that is over; derived from evaluations, in ten-thousandths",
)
EVALUATION_SUMS_UPTO = Table(
    "evaluation_sums_upto",
    metadata,
    Column("id", Integer(), primary_key=True, autoincrement=False),
    moment("upto"),
    comment="The hour before which every evaluation is in a sum; one row",
)
