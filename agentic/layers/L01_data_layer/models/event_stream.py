"""What a reader of the live log may ask for."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from agentic.layers.base.operation import Query
from agentic.layers.L01_data_layer.models.fields import Id
from agentic.layers.L01_data_layer.models.resource import WHOLE

Position = Annotated[int, Field(ge=0, le=2**53), WHOLE]


class EventStreamQuery(Query):
    """Where to begin (`after`; none: from now on) and which events: a type or `agent.*`, several by commas, an aggregate."""

    model_config = ConfigDict(defer_build=False)  # FastAPI reads it by itself, and cannot build it late

    after: Position | None = None
    event_type: Annotated[str, Field(max_length=2000)] | None = None
    aggregate_type: Annotated[str, Field(max_length=100)] | None = None
    aggregate_id: Id | None = None
