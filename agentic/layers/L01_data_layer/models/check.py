"""What the check of the log against the rows reports."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation, Query
from agentic.layers.L01_data_layer.models.resource import Limit

What = Literal["missing row", "surplus row", "field", "versions", "position", "order", "count"]


class CheckQuery(Query):
    """Where to go on, from the page before; `limit` differences are described, all are counted."""

    cursor: Annotated[str, Field(max_length=2000)] | None = None
    limit: Limit = 100


class Difference(TypedDict):
    """Something that is not as the log says; `row` and `log` are the two values as JSON, cut where they are long."""

    part: str
    what: What
    id: str
    field: str | None
    row: str | None
    log: str | None


class CheckPage(TypedDict):
    """A part of the check: how much was looked at, how much of it differs, the first differences, and where to go on."""

    part: str
    checked: int
    differing: int
    differences: list[Difference]
    next_cursor: str | None


class PartReport(TypedDict):
    """One part of the check: a kind of record, or a property of the log."""

    checked: int
    differing: int


class CheckReport(TypedDict):
    """The whole check: every part with its counts, and the first differences. It is `ok` when there are none."""

    ok: bool
    parts: dict[str, PartReport]
    differences: list[Difference]


CHECK = Operation("check", "GET", "/check", query=CheckQuery, result=CheckPage)
