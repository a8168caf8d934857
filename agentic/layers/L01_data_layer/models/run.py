"""L02: a run, one execution of an agent on one input. What is done to it by the worker that holds it bears its token."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, NamedTuple
from uuid import UUID

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base import states
from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.fields import (
    MAX_INT,
    Body,
    Count,
    Id,
    Json,
    JsonObject,
    Moment,
    Name,
    Text,
    Wanted,
)
from agentic.layers.L01_data_layer.models.resource import APPEND_ONLY, Lifecycle, ListQuery, Resource

Priority = Annotated[int, Field(ge=-1000, le=1000)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
LetGo = Literal["waiting_approval", "suspended", "completed", "failed", "cancelled"]


BRANCHES: Final = 2_001_000_000
CALLS: Final = 100
"""In branches of a run, which go on side by side, what is done has a `RunRef.step` that says by whom: from `BRANCHES` on, so many
for each branch, by its number. The branches of a run that carries a plan have the `sequence_order` of its tasks."""


class RunRef(NamedTuple):
    """A run as its worker holds it: what is done in its name is refused when the token is no longer the run's."""

    run_id: str
    token: int
    step: int


class RunCreate(Body):
    """A new run. Without a `configuration` it gets the agent's, as it is now; without `due_at` it is due at once."""

    agent_id: Id | None = None
    input: Json = None
    session_id: Id | None = None
    configuration: JsonObject | None = None
    priority: Priority = 5
    due_at: Moment | None = None
    parent_run_id: Id | None = None
    goal_id: Id | None = None
    task_id: Id | None = None


class RunQuery(ListQuery):
    """Filters of the list of runs. `called_at` is the place in the parent's code at which it was begun."""

    agent_id: Id | None = None
    session_id: Id | None = None
    status: Wanted | None = None
    parent_run_id: Id | None = None
    forked_from: Id | None = None
    goal_id: Id | None = None
    task_id: Id | None = None
    called_at: Wanted | None = None


class Run(TypedDict):
    """A run as stored. `lease_until` is no fact of the log: it changes without a version, and the past has none.

    `due_at` is when it may be taken: null while nobody may, except by who adopts it when its lease is over. `attempts`
    counts how often it was taken since it last let go by itself. The totals are those of the last change of state.
    """

    id: str
    agent_id: str | None
    session_id: str | None
    parent_run_id: str | None
    forked_from: str | None
    fork_step: int | None
    goal_id: str | None
    task_id: str | None
    status: str
    input: Any
    output: Any
    error: dict[str, Any] | None
    configuration: dict[str, Any]
    priority: int
    attempts: int
    worker: str | None
    token: int
    due_at: str | None
    steps: int
    input_tokens: int
    output_tokens: int
    cost: float
    started_at: str | None
    completed_at: str | None
    created_at: str
    updated_at: str
    lease_until: str | None
    version: int


class RunClaim(Body):
    """Takes up to `limit` runs that are due, or whose worker is gone, of these agents or any but those.

    One that was paused and resumed is its worker's for as long as that is at a step of it (its lease lasts), and then anybody's.

    `overall` is how many may be running on the whole platform. `carried_by` are the runs that are kept for this worker: those
    whose configuration has the same under this name, which nobody takes who does not say it.
    """

    worker: Name
    limit: Annotated[int, Field(ge=1, le=1000)] = 1
    lease_seconds: Seconds = 30.0
    agent_ids: Annotated[list[Id], Field(max_length=1000)] | None = None
    except_agent_ids: Annotated[list[Id], Field(max_length=1000)] | None = None
    overall: Count | None = None
    carried_by: Name | None = None


class RunBeat(Body):
    """A sign of life for the runs that a worker holds, each with its token: their leases begin anew."""

    worker: Name
    lease_seconds: Seconds = 30.0
    runs: Annotated[dict[Annotated[UUID, Field(strict=False)], Count], Field(max_length=10_000)]


class LostRun(TypedDict):
    """A run that is no longer its worker's: it stands at another token, or is over or let go. No status: it is gone."""

    id: str
    status: str | None
    token: int | None


class Claimed(TypedDict):
    """The runs that were taken, in the order in which they were due."""

    items: list[Run]


class Lost(TypedDict):
    """The runs whose leases did not begin anew."""

    items: list[LostRun]


class RunError(Body):
    """Why a run ended as it did."""

    code: Annotated[Text, Field(max_length=100)]
    detail: Text


class RunMove(Body):
    """A change of state by the worker that holds the run. `due_at` is when it goes on, if it waits for time.

    With `last_step` it is done only if that is the number of the run's last step: nobody has said anything into it meanwhile.
    """

    token: Count
    last_step: Count | None = None
    status: LetGo
    output: Json = None
    error: RunError | None = None
    due_at: Moment | None = None


class RunCancel(Body):
    """Ends a run, with the runs that it began."""

    reason: Annotated[Text, Field(max_length=10_000)] | None = None


class Used(TypedDict):
    """What model calls used, in sum. The cost is without the `unpriced` ones, whose price nobody knows."""

    calls: int
    unpriced: int
    input_tokens: int
    output_tokens: int
    cost: float


class ToolResultChange(Body):
    """Another output for one of the steps that are copied."""

    number: Annotated[int, Field(ge=1, le=MAX_INT)]
    output: Json = None


class ForkChanges(Body):
    """What is different in the fork. `configuration` is laid over that of the run, then `model` and `instructions`."""

    model: Json = None
    instructions: Text | None = None
    input: Json = None
    tool_result: ToolResultChange | None = None
    configuration: JsonObject | None = None


class RunFork(Body):
    """A new run that begins after this step of another one (0: at the beginning), with changes."""

    step: Annotated[int, Field(ge=0, le=MAX_INT)]
    changes: ForkChanges = ForkChanges()


class LiveText(TypedDict):
    """What is told of a run while it happens. It is no fact: `id` and `position` are null, nothing is kept."""

    event_type: str
    aggregate_type: str
    aggregate_id: str
    payload: dict[str, Any]
    id: None
    position: None
    metadata: dict[str, Any]


class Telling(Body):
    """What is told to those who listen to a run, such as `{"text": "Hel"}`."""

    payload: JsonObject


RUNS = Resource(
    "run",
    "/runs",
    RunCreate,
    RunQuery,
    Run,
    lifecycle=Lifecycle(states.RUN, dict.fromkeys(("completed", "failed", "cancelled"), "completed_at")),
    verbs=APPEND_ONLY,
)
CLAIM_RUNS = Operation("run.claim", "POST", "/runs/claim", body=RunClaim, result=Claimed)
BEAT_RUNS = Operation("run.beat", "POST", "/runs/beat", body=RunBeat, result=Lost)
MOVE_RUN = Operation("run.move", "POST", "/runs/{id}/move", body=RunMove, result=Run)
CANCEL_RUN = Operation("run.cancel", "POST", "/runs/{id}/cancel", body=RunCancel, result=Run)
PAUSE_RUN = Operation("run.pause", "POST", "/runs/{id}/pause", result=Run)
RESUME_RUN = Operation("run.resume", "POST", "/runs/{id}/resume", result=Run)
WAKE_RUN = Operation("run.wake", "POST", "/runs/{id}/wake", result=Run)
USED_BY_RUN = Operation("run.used", "GET", "/runs/{id}/used", result=Used)
FORK_RUN = Operation("run.fork", "POST", "/runs/{id}/fork", body=RunFork, result=Run, status=201)
TELL_RUN = Operation("run.tell", "POST", "/runs/{id}/text", body=Telling, status=204)
