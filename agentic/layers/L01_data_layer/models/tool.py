"""L03: a tool, and one execution of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from typing_extensions import TypedDict

from agentic.layers.base import states
from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Changes,
    Count,
    Id,
    Json,
    JsonObject,
    Kind,
    Moment,
    Name,
    Text,
    Wanted,
)
from agentic.layers.L01_data_layer.models.resource import (
    NO_DELETE,
    Lifecycle,
    ListQuery,
    Resource,
    Truth,
    state_of,
)


class ToolCreate(Body):
    """A new tool; `schema_def` is the JSON Schema of its arguments."""

    name: Name
    description: Text | None = None
    tool_type: Kind = "function"
    schema_def: JsonObject
    permissions: JsonObject = {}
    enabled: bool = True


class ToolUpdate(Changes):
    """What may change in a tool. Its name may not: agents call it by that."""

    description: Text | None = None
    tool_type: Kind = ""
    schema_def: JsonObject = {}
    permissions: JsonObject = {}
    enabled: bool = True


class ToolQuery(ListQuery):
    """Filters of the list of tools."""

    name: Wanted | None = None
    tool_type: Wanted | None = None
    enabled: Truth | None = None


class Tool(TypedDict):
    """A tool as stored."""

    id: str
    name: str
    description: str | None
    tool_type: str
    schema_def: dict[str, Any]
    permissions: dict[str, Any]
    enabled: bool
    created_at: str
    updated_at: str
    version: int


class ToolExecutionCreate(Body):
    """An execution of a tool: just begun, or reported when it is over."""

    tool_id: Id | None = None
    agent_id: Id | None = None
    input_params: Json = None
    output_result: Json = None
    status: Annotated[Kind, state_of(states.TOOL_EXECUTION)] = "pending"
    error_message: Text | None = None
    started_at: Moment | None = None
    completed_at: Moment | None = None


class ToolExecutionUpdate(Changes):
    """What may change in an execution."""

    output_result: Json = None
    status: Annotated[Kind, state_of(states.TOOL_EXECUTION)] = ""
    error_message: Text | None = None


class ToolExecutionQuery(ListQuery):
    """Filters of the list of executions."""

    tool_id: Id | None = None
    agent_id: Id | None = None
    status: Wanted | None = None
    run_id: Id | None = None
    effect_key: Wanted | None = None


class ToolExecution(TypedDict):
    """An execution as stored. One that was reserved has an `effect_key`, which no other has, and its run's token."""

    id: str
    tool_id: str | None
    agent_id: str | None
    input_params: Any
    output_result: Any
    status: str
    error_message: str | None
    created_at: str
    started_at: str | None
    completed_at: str | None
    version: int
    run_id: str | None
    step: int | None
    effect_key: str | None
    attempt: int
    idempotent: bool
    approval_id: str | None
    token: int | None


Ended = Literal["success", "error", "timeout", "cancelled", "permission_denied", "unknown"]


class EffectReserve(Body):
    """An execution that is about to happen, once: under the same `effect_key`, the one that is there is answered.

    With `run_id`, the run must stand at `token`. With `approval_id`, the approval is used up by it.
    """

    effect_key: Name
    tool_id: Id | None = None
    agent_id: Id | None = None
    run_id: Id | None = None
    step: Count | None = None
    token: Count | None = None
    input_params: Json = None
    idempotent: bool = False
    approval_id: Id | None = None


class EffectReserved(TypedDict):
    """The execution; `fresh` when it was not there, and is the caller's to carry out."""

    execution: ToolExecution
    fresh: bool


class EffectRecord(Body):
    """How an execution ended; `unknown` when nobody saw it."""

    status: Ended
    output_result: Json = None
    error_message: Text | None = None


class EffectResolve(Body):
    """A person's word on how an execution ended that is `unknown`."""

    status: Literal["success", "error"]
    output_result: Json = None
    error_message: Text | None = None
    by: Name | None = None


class EffectAgain(Body):
    """Another attempt at an idempotent execution whose end nobody saw, by the worker that holds the run."""

    token: Count | None = None


TOOLS = Resource("tool", "/tools", ToolCreate, ToolQuery, Tool, ToolUpdate, verbs=NO_DELETE)

TOOL_EXECUTIONS = Resource(
    "tool_execution",
    "/tool-executions",
    ToolExecutionCreate,
    ToolExecutionQuery,
    ToolExecution,
    ToolExecutionUpdate,
    Lifecycle(
        states.TOOL_EXECUTION,
        {
            "running": "started_at",
            **dict.fromkeys(states.final_states(states.TOOL_EXECUTION), "completed_at"),
        },
    ),
    verbs=NO_DELETE,
)

RESERVE_EFFECT = Operation(
    "tool_execution.reserve", "POST", "/tool-executions/reserve", body=EffectReserve, result=EffectReserved
)
RECORD_EFFECT = Operation(
    "tool_execution.record", "POST", "/tool-executions/{id}/record", body=EffectRecord, result=ToolExecution
)
RESOLVE_EFFECT = Operation(
    "tool_execution.resolve",
    "POST",
    "/tool-executions/{id}/resolve",
    body=EffectResolve,
    result=ToolExecution,
)
REPEAT_EFFECT = Operation(
    "tool_execution.again", "POST", "/tool-executions/{id}/again", body=EffectAgain, result=ToolExecution
)
