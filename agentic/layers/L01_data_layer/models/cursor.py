"""A bookmark in the log: how far a durable reader has come."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.fields import Body
from agentic.layers.L01_data_layer.models.resource import Page, Paging

CursorName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:\-]{0,254}$")]


class CursorSet(Body):
    """Where the reader now stands: everything up to `position` is done. It may go back, to read again.

    With `onward` it may not: of two that say where they stand, the one who is further counts.
    """

    position: Annotated[int, Field(ge=0, le=2**53)]
    onward: bool = False


class CursorAddress(Body):
    """Which bookmark; its name is the reader's own."""

    name: CursorName


class Cursor(TypedDict):
    """A bookmark as stored."""

    name: str
    position: int
    updated_at: str


LIST_CURSORS = Operation("cursor.list", "GET", "/cursors", query=Paging, result=Page[Cursor])
GET_CURSOR = Operation("cursor.get", "GET", "/cursors/{name}", result=Cursor, address=CursorAddress)
SET_CURSOR = Operation(
    "cursor.set", "PUT", "/cursors/{name}", body=CursorSet, result=Cursor, address=CursorAddress
)
