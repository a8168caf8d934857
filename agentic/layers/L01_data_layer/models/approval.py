"""L03: a person's word on what an agent wants to do. It allows one execution, once."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

from agentic.layers.base import states
from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Id,
    JsonObject,
    Moment,
    Name,
    Prose,
    Text,
    Wanted,
)
from agentic.layers.L01_data_layer.models.resource import APPEND_ONLY, Lifecycle, ListQuery, Resource


class ApprovalCreate(Body):
    """A question to a person. `request` is exactly what would be done."""

    run_id: Id | None = None
    agent_id: Id | None = None
    execution_id: Id | None = None
    title: Prose
    request: JsonObject = {}
    expires_at: Moment | None = None


class ApprovalDecision(Body):
    """A person's word."""

    decision: Literal["approved", "denied"]
    by: Name | None = None
    reason: Text | None = None


class ApprovalQuery(ListQuery):
    """Filters of the list of approvals."""

    run_id: Id | None = None
    agent_id: Id | None = None
    status: Wanted | None = None


class Approval(TypedDict):
    """An approval as stored."""

    id: str
    run_id: str | None
    agent_id: str | None
    execution_id: str | None
    title: str
    request: dict[str, Any]
    status: str
    decided_by: str | None
    reason: str | None
    expires_at: str | None
    decided_at: str | None
    consumed_at: str | None
    created_at: str
    updated_at: str
    version: int


APPROVALS = Resource(
    "approval",
    "/approvals",
    ApprovalCreate,
    ApprovalQuery,
    Approval,
    lifecycle=Lifecycle(
        states.APPROVAL, {"approved": "decided_at", "denied": "decided_at", "consumed": "consumed_at"}
    ),
    verbs=APPEND_ONLY,
)
DECIDE_APPROVAL = Operation(
    "approval.decide", "POST", "/approvals/{id}/decide", body=ApprovalDecision, result=Approval
)
