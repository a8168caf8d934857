"""What is asked of the tool layer, and what it answers."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.errors import FieldError
from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.approval import APPROVALS, DECIDE_APPROVAL
from agentic.layers.L01_data_layer.models.fields import Body, Count, Id, Json, JsonObject, Name, Text
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L01_data_layer.models.tool import RESOLVE_EFFECT, TOOL_EXECUTIONS, TOOLS, Tool

__all__ = ["APPROVALS", "DECIDE_APPROVAL", "RESOLVE_EFFECT", "TOOLS", "TOOL_EXECUTIONS", "Outcome", "RunRef"]

Status = Literal[
    "success",
    "error",
    "timeout",
    "cancelled",
    "permission_denied",
    "invalid",
    "waiting_approval",
    "waiting_time",
    "unknown",
]


class Outcome(NamedTuple):
    """What came of a call.

    `invalid`: it was not made, and the model can correct itself. `waiting_approval`, `waiting_time`: it is to be made again,
    unchanged, once `approval_id` is decided or `until` has come. `unknown`: it may have been carried out, and a person is
    asked by `approval_id`; after that it is to be made again too. All others are its end, and making it again gives the same.
    """

    status: Status
    output: Any = None
    error: dict[str, Any] | None = None
    """`code`, `detail`, and for arguments `errors`: field and message of each."""
    execution_id: str | None = None
    approval_id: str | None = None
    until: str | None = None


class ToolDescription(TypedDict):
    """What a model is told of a tool."""

    name: str
    description: str
    parameters: dict[str, Any]


class CatalogueQuestion(Body):
    """Which tools there are for an agent; without a configuration, all that are enabled."""

    configuration: JsonObject | None = None


class Catalogue(TypedDict):
    """The tools of an agent."""

    items: list[ToolDescription]


class RunReference(Body):
    """The run in whose name a tool is called."""

    run_id: Id
    token: Count
    step: Count


class ToolCall(Body):
    """A call of a tool. Without a run, `call_id` is what makes it happen once."""

    name: Annotated[Text, Field(min_length=1, max_length=255)]
    arguments: Json = None
    agent_id: Id | None = None
    configuration: JsonObject | None = None
    run: RunReference | None = None
    call_id: Annotated[Text, Field(max_length=200)] | None = None
    approval_id: Id | None = None


class PlannedCall(Body):
    """A call that is not made yet."""

    name: Annotated[Text, Field(min_length=1, max_length=255)]
    arguments: Json = None


class PlannedCalls(Body):
    """Calls that are to be looked at before any is made."""

    calls: Annotated[list[PlannedCall], Field(max_length=100_000)]


class CallCheck(TypedDict):
    """What stands against a call. `detail`: why the tool cannot be called at all; `errors`: of its arguments."""

    detail: str | None
    errors: list[FieldError]


class CallChecks(TypedDict):
    """What stands against each of the calls, in their order."""

    items: list[CallCheck]


class ToolOutcome(TypedDict):
    """`Outcome` on the wire; the status `running` says that it is not over: the same call is to be made again."""

    status: str
    output: Any
    error: dict[str, Any] | None
    execution_id: str | None
    approval_id: str | None
    until: str | None


class ToolCancel(Body):
    """Which call is to be ended: that of this run's step and arguments, or of this `call_id`."""

    call: ToolCall


class Cancelled(TypedDict):
    """Whether the call was running here."""

    cancelled: bool


class OpenApiImport(Body):
    """An OpenAPI document whose operations become tools."""

    document: JsonObject | None = None
    url: Annotated[Text, Field(max_length=2000)] | None = None
    """Where the document is, if it is not here."""
    prefix: Annotated[Text, Field(max_length=40)] = ""
    """In front of the name of each tool."""
    base_url: Annotated[Text, Field(max_length=2000)] | None = None
    """Where the API is. Without it: the first server that the document names."""
    include: Annotated[list[Name], Field(max_length=1000)] | None = None
    """The operations that are wanted, by `operationId`. Without it: all."""
    headers: JsonObject = {}
    """Sent with each request; values may refer to secrets: `{"secret": "NAME"}` or `"Bearer ${secret:NAME}"`."""
    permissions: JsonObject = {}


class Imported(TypedDict):
    """The tools that were made or brought up to date, and the operations that could not become one, with the reason."""

    items: list[Tool]
    skipped: dict[str, str]


class McpServer(Body):
    """An MCP server: a command that speaks over its input and output, or the address of a streamable HTTP endpoint."""

    command: (
        Annotated[list[Annotated[Text, Field(max_length=4000)]], Field(min_length=1, max_length=100)] | None
    ) = None
    environment: JsonObject = {}
    """For the command, beside PATH and HOME; values may refer to secrets."""
    url: Annotated[Text, Field(max_length=2000)] | None = None
    headers: JsonObject = {}
    """For the endpoint; values may refer to secrets."""
    prefix: Annotated[Text, Field(max_length=40)] | None = None
    """In front of the names of its tools. Without it: the server's name and `_`."""
    permissions: JsonObject = {}
    timeout: Annotated[float, Field(gt=0, le=86_400)] = 60.0


class McpServerRecord(TypedDict):
    """A server as it is kept."""

    name: str
    server: dict[str, Any]
    version: int


class McpServers(TypedDict):
    """The servers that are known here. No other is ever started or asked."""

    items: list[McpServerRecord]


class Resolution(Body):
    """A person's word on a call whose outcome nobody saw: it succeeded, it failed, or it is to be done again."""

    outcome: Literal["success", "error", "again"]
    output: Json = None
    error: Text | None = None
    by: Name | None = None


class ToolState(TypedDict):
    """How a tool fares in this process."""

    name: str
    breaker: str


class Workings(TypedDict):
    """What this process does at the moment."""

    running: int
    stuck_threads: int
    breakers: list[ToolState]
    sandbox: str


CATALOGUE: Final = Operation("tool.catalogue", "POST", "/catalogue", body=CatalogueQuestion, result=Catalogue)
CHECK_CALLS: Final = Operation("tool.check", "POST", "/check", body=PlannedCalls, result=CallChecks)
EXECUTE: Final = Operation("tool.execute", "POST", "/execute", body=ToolCall, result=ToolOutcome)
CANCEL: Final = Operation("tool.cancel", "POST", "/cancel", body=ToolCancel, result=Cancelled)
IMPORT_OPENAPI: Final = Operation(
    "tool.import_openapi", "POST", "/tools/openapi", body=OpenApiImport, result=Imported
)
LIST_MCP: Final = Operation("mcp_server.list", "GET", "/mcp-servers", result=McpServers)
SET_MCP: Final = Operation(
    "mcp_server.set", "PUT", "/mcp-servers/{name}", body=McpServer, result=McpServerRecord
)
DELETE_MCP: Final = Operation("mcp_server.delete", "DELETE", "/mcp-servers/{name}", status=204)
REFRESH_MCP: Final = Operation("mcp_server.refresh", "POST", "/mcp-servers/{name}/refresh", result=Imported)
RESOLVE: Final = Operation(
    "tool_execution.settle",
    "POST",
    "/executions/{id}/resolve",
    body=Resolution,
    result=TOOL_EXECUTIONS.record,
)
WORKINGS: Final = Operation("tool.workings", "GET", "/workings", result=Workings)
