"""The lineage of a record: what led to it, what came of it, and what was said of both."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation, Query
from agentic.layers.L01_data_layer.models.fields import Id
from agentic.layers.L01_data_layer.models.resource import WHOLE
from agentic.layers.L01_data_layer.models.run import Used

LineageKind = Literal[
    "goal",
    "plan",
    "task",
    "run",
    "run_step",
    "model_usage",
    "tool_execution",
    "evaluation",
    "feedback",
    "dataset",
    "improvement",
]
"""Kinds of records by the names that events have for them, each before what comes of it."""
KINDS: Final[tuple[LineageKind, ...]] = get_args(LineageKind)


class LineageAddress(Query):
    """The record whose lineage is wanted."""

    kind: LineageKind
    id: Id


class LineageQuery(Query):
    """How many records of each kind are given at most."""

    limit: Annotated[int, Field(ge=1, le=200), WHOLE] = 50


class LineageLink(TypedDict):
    """A record that another one came of."""

    kind: LineageKind
    id: str


class LineageItem(TypedDict):
    """One record. `of` are those among the lineage's records that it came of; `facts` are what its kind has to tell.

    `led` is true for what led to the record that was asked for, false for that record, what came of it, and what was
    said of either.
    """

    kind: LineageKind
    id: str
    title: str
    status: str | None
    created_at: str
    led: bool
    of: list[LineageLink]
    facts: dict[str, Any]


class Lineage(TypedDict):
    """The lineage of one record, in the order of `KINDS`; of the kinds in `more` there are others that are not given.

    `cost` is what the model calls in what came of it used.
    """

    kind: LineageKind
    id: str
    items: list[LineageItem]
    more: list[LineageKind]
    cost: Used


LINEAGE = Operation(
    "lineage.get", "GET", "/lineage/{kind}/{id}", query=LineageQuery, result=Lineage, address=LineageAddress
)
