"""The two tables of the specification, mapped."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import Index, String, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]


class Base(DeclarativeBase):
    """What the mapped classes share."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {Json: JSONB}


class Agent(Base):
    """A row of agents."""

    __tablename__ = "agents"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    did: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    agent_type: Mapped[str] = mapped_column(String(100), default="general")
    status: Mapped[str] = mapped_column(String(50), default="created")
    configuration: Mapped[Json] = mapped_column(default=dict)
    agent_metadata: Mapped[Json] = mapped_column("metadata", default=dict)
    resource_limits: Mapped[Json] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())

    __table_args__ = (Index("idx_agents_created", "created_at"),)


class Event(Base):
    """A row of events."""

    __tablename__ = "events"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    event_type: Mapped[str] = mapped_column(String(255), index=True)
    aggregate_type: Mapped[str] = mapped_column(String(100))
    aggregate_id: Mapped[UUID]
    payload: Mapped[Json]
    event_metadata: Mapped[Json] = mapped_column("metadata", default=dict)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (Index("idx_events_aggregate", "aggregate_type", "aggregate_id"),)
