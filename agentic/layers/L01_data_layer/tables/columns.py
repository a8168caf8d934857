"""The columns that every resource has, and the metadata that holds the tables together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, MetaData, Numeric, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "idx_%(table_name)s_%(column_0_N_name)s",
    }
)


def identity() -> Column[Any]:
    """The primary key: a UUIDv7 made by the application; the default serves hands that write SQL."""
    return Column("id", UUID(), primary_key=True, server_default=func.gen_random_uuid())


def reference(name: str, target: str, *, required: bool = False) -> Column[Any]:
    """A foreign key."""
    return Column(name, UUID(), ForeignKey(f"{target}.id"), nullable=not required)


def json_object(name: str) -> Column[Any]:
    """A JSON object, empty by default."""
    return Column(name, JSONB(), nullable=False, server_default=text("'{}'"))


def moment(name: str) -> Column[Any]:
    """A moment that may not have come yet."""
    return Column(name, DateTime(timezone=True))


def unlogged_moment(name: str) -> Column[Any]:
    """A moment that changes without an event: no fact, so neither the past nor the check knows of it."""
    return Column(name, DateTime(timezone=True), info={"unlogged": True})


def later(column: Column[Any]) -> Column[Any]:
    """A column that a later migration added: events from before it do not name it, and mean its default."""
    column.info["later"] = True
    return column


def money(name: str) -> Column[Any]:
    """A sum of US dollars, to the micro-dollar."""
    return Column(name, Numeric(14, 6), nullable=False, server_default=text("0"))


def count(name: str, kind: type[Integer] = Integer) -> Column[Any]:
    """A number of things, none at first."""
    return Column(name, kind(), nullable=False, server_default=text("0"))


def given_only(table: str, name: str) -> Index:
    """The index of a column that few rows have: the others cost it nothing."""
    return Index(f"idx_{table}_{name}", name, "id", postgresql_where=text(f"{name} IS NOT NULL"))


def created_at() -> Column[Any]:
    """When the record was made."""
    return Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now())


def updated_at() -> Column[Any]:
    """When the record was last changed."""
    return Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now())


def version() -> Column[Any]:
    """The version of the event that last changed the record: its ETag."""
    return Column("version", Integer(), nullable=False, server_default=text("1"))


def long_text(name: str, *, required: bool = False) -> Column[Any]:
    """Text without a length limit of its own."""
    return Column(name, Text(), nullable=not required)
