"""L06: datasets and their items. An item is in the revisions from `added_in` to the one before `removed_in`."""

from sqlalchemy import Column, Index, Integer, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from agentic.layers.L01_data_layer.tables.columns import (
    count,
    created_at,
    given_only,
    identity,
    json_object,
    long_text,
    metadata,
    reference,
    updated_at,
    version,
)

DATASETS = Table(
    "datasets",
    metadata,
    identity(),
    Column("name", String(255), nullable=False, unique=True),
    long_text("description"),
    Column("evaluators", JSONB(), nullable=False, server_default=text("'[]'")),
    json_object("metadata"),
    count("revision"),
    count("size"),
    created_at(),
    updated_at(),
    version(),
)

DATASET_ITEMS = Table(
    "dataset_items",
    metadata,
    identity(),
    reference("dataset_id", "datasets", required=True),
    Column("input", JSONB()),
    Column("expected", JSONB()),
    json_object("metadata"),
    Column("split", String(100)),
    reference("source_run_id", "runs"),
    reference("source_feedback_id", "feedback_entries"),
    Column("person", String(255)),
    Column("digest", String(64), nullable=False),
    Column("added_in", Integer(), nullable=False),
    Column("removed_in", Integer()),
    created_at(),
    version(),
    Index("idx_dataset_items_dataset_id", "dataset_id", "id"),
    given_only("dataset_items", "split"),
    given_only("dataset_items", "source_run_id"),
    given_only("dataset_items", "source_feedback_id"),
    given_only("dataset_items", "person"),
    Index(
        "idx_dataset_items_digest",
        "dataset_id",
        "digest",
        unique=True,
        postgresql_where=text("removed_in IS NULL"),
    ),
)
