"""L11: Redis streams in which programs of others read events. The data layer alone holds the connection."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.fields import MAX_TEXT, Body, storable

PREFIX = "l11:"
"""Of the keys: no stream can take the place of anything else that the server holds."""
StreamName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:\-]{0,199}$")]


class StreamEntry(Body):
    """One entry. What is not above the last one that the stream has is there already, and is not added again."""

    generation: Annotated[int, Field(ge=1, le=2**31)]
    position: Annotated[int, Field(ge=1, le=2**53)]
    event: Annotated[str, Field(max_length=2 * MAX_TEXT), AfterValidator(storable)]


class StreamAdd(Body):
    """Entries for a stream, which keeps about so many of the newest."""

    entries: Annotated[list[StreamEntry], Field(min_length=1, max_length=1000)]
    keep: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000


class StreamAddress(Body):
    """Which stream."""

    stream: StreamName


class StreamAdded(TypedDict):
    """How many entries were new, and under which key they are read."""

    added: int
    key: str


ADD_TO_STREAM = Operation(
    "stream.add", "POST", "/streams/{stream}", body=StreamAdd, result=StreamAdded, address=StreamAddress
)
