"""The versions that a record went through, and the way back to one of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Query
from agentic.layers.L01_data_layer.models.fields import MAX_INT, Body
from agentic.layers.L01_data_layer.models.resource import Limit


class HistoryQuery(Query):
    """One page of the versions of a record, newest first."""

    limit: Limit = 100
    cursor: Annotated[str, Field(max_length=200)] | None = None


class Restore(Body):
    """Makes the record as it was at a version: with a new version, so that nothing is forgotten."""

    version: Annotated[int, Field(ge=1, le=MAX_INT)]


class Version(TypedDict):
    """One change of a record: which event made it, when, by whom, what it changed.

    `actor` is null when nobody said who asked; `restored_from` says which version or checkpoint was brought back, if
    one was; `position` is null for the moment until the event has its place (`?as_of=<position>` is the whole record).
    """

    version: int
    event_id: str
    event_type: str
    position: int | None
    created_at: str
    actor: str | None
    restored_from: str | None
    changed: list[str]
