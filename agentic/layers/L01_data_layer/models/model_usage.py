"""L04: what one model call used and cost; one that is in flight is reserved, with what is held of budgets for it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.fields import (
    MAX_INT,
    Body,
    Count,
    Id,
    JsonObject,
    Kind,
    Money,
    Name,
    Wanted,
)
from agentic.layers.L01_data_layer.models.resource import APPEND_ONLY, ListQuery, Resource
from agentic.layers.L01_data_layer.models.run_step import CallUsage

Outcome = Literal["completed", "failed", "cut"]


class ModelUsageCreate(Body):
    """One model call that is over. Tokens are counts, times are in milliseconds, cost in US dollars.

    A null cost with `cost_known` false: nobody knows the price. `estimated`: nobody saw the end of the call.
    """

    agent_id: Id | None = None
    model_provider: Kind
    model_name: Name
    input_tokens: Count = 0
    output_tokens: Count = 0
    latency_ms: Count | None = None
    cost_estimate: Money | None = None
    run_id: Id | None = None
    step: Count | None = None
    goal_id: Id | None = None
    key_id: Name | None = None
    status: Outcome = "completed"
    cached_tokens: Count = 0
    reasoning_tokens: Count = 0
    ttft_ms: Count | None = None
    cost_known: bool = True
    estimated: bool = False
    error: JsonObject | None = None


class ModelUsageQuery(ListQuery):
    """Filters of the list of model calls."""

    agent_id: Id | None = None
    model_provider: Wanted | None = None
    model_name: Wanted | None = None
    run_id: Id | None = None
    goal_id: Id | None = None
    key_id: Wanted | None = None
    status: Wanted | None = None


class ModelUsage(TypedDict):
    """One model call as stored. `held` is what is held of budgets while it is `reserved`, until `expires_at`."""

    id: str
    agent_id: str | None
    model_provider: str
    model_name: str
    input_tokens: int
    output_tokens: int
    latency_ms: int | None
    cost_estimate: float | None
    created_at: str
    version: int
    run_id: str | None
    step: int | None
    goal_id: str | None
    key_id: str | None
    status: str
    cached_tokens: int
    reasoning_tokens: int
    ttft_ms: int | None
    cost_known: bool
    estimated: bool
    error: dict[str, Any] | None
    held: dict[str, Any] | None
    token: int | None
    expires_at: str | None


class UsageReserve(Body):
    """A model call that is about to be sent: `tokens` and `cost` are the most that it may use, held of every budget.

    Of the tokens, `input_tokens` are known already. With `run_id`, the run must stand at `token` and be running. After
    `seconds` the call counts as cut.
    """

    agent_id: Id | None = None
    run_id: Id | None = None
    goal_id: Id | None = None
    key_id: Name | None = None
    step: Count | None = None
    token: Count | None = None
    provider: Kind
    model: Name
    tokens: Count = 0
    input_tokens: Count = 0
    cost: Money | None = None
    seconds: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] = 600.0


class UsageReserved(TypedDict):
    """The row of a call in flight."""

    id: str


class UsageSettle(Body):
    """How a reserved call ended. Without `usage` it counts as what was held, estimated, unless it failed: then as none."""

    status: Outcome = "completed"
    usage: CallUsage | None = None
    error: JsonObject | None = None
    estimated: bool = False


class UsageCut(Body):
    """The calls in flight of a run that workers before this token sent: nobody will see how they end."""

    run_id: Id
    before_token: Annotated[int, Field(ge=0, le=MAX_INT)]


class CutCalls(TypedDict):
    """The calls that were cut, each counted as what was held for it."""

    items: list[ModelUsage]


class UsageRecord(ModelUsageCreate):
    """One finished call; with an `id` made by the caller it is written once, however often it is sent."""

    id: Id | None = None


class UsageRecords(Body):
    """Finished calls, written together or not at all."""

    items: Annotated[list[UsageRecord], Field(min_length=1, max_length=1000)]


class UsageWritten(TypedDict):
    """The ids of the rows, in the order of the calls."""

    ids: list[str]


MODEL_USAGE = Resource(
    "model_usage", "/model-usage", ModelUsageCreate, ModelUsageQuery, ModelUsage, verbs=APPEND_ONLY
)
RESERVE_USAGE = Operation(
    "model_usage.reserve",
    "POST",
    "/model-usage/reserve",
    body=UsageReserve,
    result=UsageReserved,
    status=201,
)
SETTLE_USAGE = Operation(
    "model_usage.settle", "POST", "/model-usage/{id}/settle", body=UsageSettle, result=ModelUsage
)
CUT_USAGE = Operation("model_usage.cut", "POST", "/model-usage/cut", body=UsageCut, result=CutCalls)
RECORD_USAGE = Operation(
    "model_usage.record", "POST", "/model-usage/batch", body=UsageRecords, result=UsageWritten, status=201
)
