"""L02: a step of a run, written before the next begins, and what a model call in it used."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation, Query
from agentic.layers.L01_data_layer.models.fields import (
    MAX_INT,
    Body,
    Count,
    Id,
    Json,
    JsonObject,
    Kind,
    Moment,
    Money,
    Name,
)
from agentic.layers.L01_data_layer.models.resource import WHOLE, Limit, ListQuery, Resource, Verb

StepKind = Literal["model", "tool", "message", "approval", "sleep", "step"]
StepStatus = Literal["completed", "failed"]
READ_ONLY: frozenset[Verb] = frozenset(("get", "list"))


class CallUsage(Body):
    """What a model call used and cost. `cost_known` false: nobody knows the price, and `cost` is null."""

    input_tokens: Count = 0
    output_tokens: Count = 0
    cached_tokens: Count = 0
    reasoning_tokens: Count = 0
    cost: Money | None = None
    cost_known: bool = True
    latency_ms: Count | None = None
    ttft_ms: Count | None = None
    provider: Kind | None = None
    model: Name | None = None


class RunStepCreate(Body):
    """What is said of a step that a run took."""

    kind: StepKind
    name: Name
    status: StepStatus = "completed"
    input: Json = None
    output: Json = None
    error: JsonObject | None = None
    started_at: Moment | None = None
    usage_id: Id | None = None
    execution_id: Id | None = None


class StepTake(RunStepCreate):
    """A step by the worker that holds the run. With `usage_id`, the call that was reserved is settled with `usage` too."""

    token: Count
    usage: CallUsage | None = None


class StepTaken(TypedDict):
    """The step's number, and the state of its run: a worker that reads another one than `running` stops here."""

    id: str
    number: int
    run_status: str


class RunMessage(Body):
    """A message into a run that is not over, from outside its worker."""

    content: Json


class StepQuery(Query):
    """The steps of a run after a number, in order."""

    after: Annotated[int, Field(ge=0, le=MAX_INT), WHOLE] = 0
    limit: Limit = 1000


class RunStepQuery(ListQuery):
    """Filters of the list of steps."""

    run_id: Id | None = None


class RunStep(TypedDict):
    """A step as stored. It does not change. A copy in a forked run cost nothing: `copied_from` is the one that did."""

    id: str
    run_id: str
    number: int
    kind: str
    name: str
    status: str
    input: Any
    output: Any
    error: dict[str, Any] | None
    input_tokens: int
    output_tokens: int
    cost: float
    usage_id: str | None
    execution_id: str | None
    copied_from: str | None
    started_at: str | None
    completed_at: str
    created_at: str
    version: int


class Steps(TypedDict):
    """Steps of a run, in order."""

    items: list[RunStep]


RUN_STEPS = Resource("run_step", "/run-steps", RunStepCreate, RunStepQuery, RunStep, verbs=READ_ONLY)
STEP_RUN = Operation("run.step", "POST", "/runs/{id}/steps", body=StepTake, result=StepTaken, status=201)
RUN_STEPS_OF = Operation("run.steps", "GET", "/runs/{id}/steps", query=StepQuery, result=Steps)
MESSAGE_RUN = Operation(
    "run.message", "POST", "/runs/{id}/messages", body=RunMessage, result=StepTaken, status=201
)
