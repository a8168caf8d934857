"""What the agent runtime takes and tells: agents that are spawned, runs that are begun, steered, forked and compared."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation, Query
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L01_data_layer.models.approval import Approval
from agentic.layers.L01_data_layer.models.fields import Body, Id, Json, JsonObject, Kind, Moment, Name, Text
from agentic.layers.L01_data_layer.models.resource import WHOLE, Resource
from agentic.layers.L01_data_layer.models.run import ForkChanges, Priority, Run
from agentic.layers.L01_data_layer.models.run_step import RunStep, StepQuery, Steps
from agentic.layers.L01_data_layer.models.schedule import SCHEDULES
from agentic.layers.L01_data_layer.models.session import Session

LONGEST_WAIT = 25
"""Seconds that one request waits; a client that waits longer asks again."""
Wait = Annotated[int, Field(ge=0, le=LONGEST_WAIT)]


class Spawn(Body):
    """A new agent; unless told otherwise it is started too."""

    name: Name
    agent_type: Kind = "general"
    configuration: JsonObject = {}
    metadata: JsonObject = {}
    resource_limits: JsonObject = {}
    start: bool = True


class RunBegin(Body):
    """A new run of an agent. `wait` is how many seconds the answer may wait for the run to end or to need somebody."""

    input: Json = None
    session_id: Id | None = None
    configuration: JsonObject | None = None
    """Laid over the agent's, for this run alone."""
    priority: Priority = 5
    due_at: Moment | None = None
    goal_id: Id | None = None
    task_id: Id | None = None
    wait: Wait = 0


class RunLook(Query):
    """`wait` is how many seconds the answer may wait for the run to end or to need somebody."""

    wait: Annotated[int, Field(ge=0, le=LONGEST_WAIT), WHOLE] = 0


class RunStop(Body):
    """Why it is cancelled."""

    reason: Annotated[Text, Field(max_length=10_000)] | None = None


class Steer(Body):
    """What is said into a run."""

    content: Json


class Approve(Body):
    """A person's word on what a run waits for: on the approval named, or on the only one that there is."""

    approval_id: Id | None = None
    decision: Literal["approved", "denied"] = "approved"
    by: Name | None = None
    reason: Text | None = None


class Fork(Body):
    """A new run that begins after this step of another, with changes; without a step, after its last."""

    step: Annotated[int, Field(ge=0)] | None = None
    changes: ForkChanges = ForkChanges()


class StreamQuery(Query):
    """A stream of a run begins after a step."""

    model_config = ConfigDict(defer_build=False)  # FastAPI reads it by itself, and cannot build it late

    after: Annotated[int, Field(ge=0), WHOLE] = 0


class Pair(Query):
    """Two runs."""

    a: Id
    b: Id


class Branch(Body):
    """A new session that begins as this one is, or as it was when it was kept under a name."""

    checkpoint: Name | None = None


class ComparedRun(TypedDict):
    """One of two runs, without what is long."""

    id: str
    agent_id: str | None
    status: str
    model: str | None
    output: Any
    error: dict[str, Any] | None
    forked_from: str | None
    fork_step: int | None
    steps: int
    input_tokens: int
    output_tokens: int
    cost: float
    seconds: float


class ComparedStep(TypedDict):
    """Two steps side by side; one is null where only one run has it. `differs`: which of their members are not the same."""

    number: int
    a: RunStep | None
    b: RunStep | None
    differs: list[str]


class Comparison(TypedDict):
    """Two runs side by side. `common` is how many steps they begin with that say the same."""

    a: ComparedRun
    b: ComparedRun
    common: int
    steps: list[ComparedStep]


SPAWN = Operation("agent.spawn", "POST", "/agents", body=Spawn, result=Agent, status=201, repeatable=True)
START_AGENT = Operation("agent.start", "POST", "/agents/{id}/start", result=Agent)
SUSPEND_AGENT = Operation("agent.suspend", "POST", "/agents/{id}/suspend", result=Agent)
RESUME_AGENT = Operation("agent.resume", "POST", "/agents/{id}/resume", result=Agent)
TERMINATE_AGENT = Operation("agent.terminate", "POST", "/agents/{id}/terminate", result=Agent)

BEGIN_RUN = Operation(
    "run.begin", "POST", "/agents/{id}/runs", body=RunBegin, result=Run, status=201, repeatable=True
)
GET_RUN = Operation("run.look", "GET", "/runs/{id}", query=RunLook, result=Run)
STEPS_OF_RUN = Operation("run.steps_of", "GET", "/runs/{id}/steps", query=StepQuery, result=Steps)
COMPARE_RUNS = Operation("run.compare", "GET", "/runs/compare", query=Pair, result=Comparison)
CANCEL = Operation("run.cancelled", "POST", "/runs/{id}/cancel", body=RunStop, result=Run)
PAUSE = Operation("run.paused", "POST", "/runs/{id}/pause", result=Run)
RESUME = Operation("run.resumed", "POST", "/runs/{id}/resume", result=Run)
STEER = Operation("run.steer", "POST", "/runs/{id}/steer", body=Steer, result=RunStep, status=201)
APPROVE = Operation("run.approve", "POST", "/runs/{id}/approve", body=Approve, result=Approval)
RETRY = Operation("run.retry", "POST", "/runs/{id}/retry", result=Run, status=201)
FORK = Operation("run.forked", "POST", "/runs/{id}/fork", body=Fork, result=Run, status=201)
BRANCH_SESSION = Operation(
    "session.branch", "POST", "/sessions/{id}/branch", body=Branch, result=Session, status=201
)
SCHEDULE: Resource[Any] = SCHEDULES
