"""A lease by name: which process does what only one at a time is to do, and until when."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.cursor import CursorName
from agentic.layers.L01_data_layer.models.fields import Body
from agentic.layers.L01_data_layer.models.resource import Page, Paging


class LeaseAsk(Body):
    """Who wants it or wants to keep it, and for how many seconds from now by the database's clock; 0 gives it back."""

    holder: CursorName
    seconds: Annotated[float, Field(ge=0, le=3600)]


class LeaseAddress(Body):
    """Which lease; its name says what is done under it."""

    name: CursorName


class Lease(TypedDict):
    """A lease as it stands. After `until` anybody may have it."""

    name: str
    holder: str
    until: str


class LeaseAnswer(Lease):
    """A lease as it stands, and whether the asker has it now."""

    held: bool


LIST_LEASES = Operation("lease.list", "GET", "/leases", query=Paging, result=Page[Lease])
HOLD_LEASE = Operation(
    "lease.hold", "PUT", "/leases/{name}", body=LeaseAsk, result=LeaseAnswer, address=LeaseAddress
)
