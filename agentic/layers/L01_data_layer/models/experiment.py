"""L06: an experiment, the same dataset given to one or two subjects, and what came of each try."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base import states
from agentic.layers.L01_data_layer.models.dataset import Revision
from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Changes,
    Count,
    Id,
    Json,
    JsonArray,
    JsonObject,
    Kind,
    Money,
    Name,
    Score,
    Wanted,
)
from agentic.layers.L01_data_layer.models.resource import (
    APPEND_ONLY,
    NO_DELETE,
    Lifecycle,
    ListQuery,
    Resource,
    state_of,
)

Arm = Literal["subject", "baseline"]
Repeats = Annotated[int, Field(ge=1, le=100)]
Fingerprint = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ExperimentCreate(Body):
    """A new experiment: a revision of a dataset, and the whole configuration of the subject and of what it is compared with."""

    name: Name
    dataset_id: Id
    dataset_revision: Revision
    split: Kind | None = None
    agent_id: Id
    configuration: JsonObject = {}
    baseline_agent_id: Id | None = None
    baseline_configuration: JsonObject | None = None
    repeats: Repeats = 1
    evaluators: JsonArray = []
    options: JsonObject = {}
    goal_id: Id | None = None


class ExperimentUpdate(Changes):
    """How an experiment fares."""

    status: Annotated[Kind, state_of(states.EXPERIMENT)] = ""
    run_id: Id | None = None
    summary: JsonObject | None = None
    error: JsonObject | None = None


class ExperimentQuery(ListQuery):
    """Filters of the list of experiments."""

    name: Wanted | None = None
    dataset_id: Id | None = None
    agent_id: Id | None = None
    baseline_agent_id: Id | None = None
    run_id: Id | None = None
    goal_id: Id | None = None
    status: Wanted | None = None


class Experiment(TypedDict):
    """An experiment as stored. `run_id` is the run that carries it, `summary` what it came to."""

    id: str
    name: str
    dataset_id: str
    dataset_revision: int
    split: str | None
    agent_id: str
    configuration: dict[str, Any]
    baseline_agent_id: str | None
    baseline_configuration: dict[str, Any] | None
    repeats: int
    evaluators: list[Any]
    options: dict[str, Any]
    goal_id: str | None
    run_id: str | None
    status: str
    summary: dict[str, Any] | None
    error: dict[str, Any] | None
    started_at: str | None
    completed_at: str | None
    created_at: str
    updated_at: str
    version: int


class ExperimentResultCreate(Body):
    """What came of one try at one item. `fingerprint` is of the input and the configuration: with the same, nothing is run again."""

    experiment_id: Id
    item_id: Id
    arm: Arm
    repeat: Count
    run_id: Id | None = None
    reused: bool = False
    fingerprint: Fingerprint
    output: Json = None
    error: JsonObject | None = None
    score: Score | None = None
    scores: JsonObject = {}
    cost: Money | None = None
    latency_ms: Count | None = None


class ExperimentResultQuery(ListQuery):
    """Filters of the list of results."""

    experiment_id: Id | None = None
    item_id: Id | None = None
    run_id: Id | None = None
    fingerprint: Wanted | None = None


class ExperimentResult(TypedDict):
    """A result as stored; there is one of each item, arm and repeat. `scores` are by evaluator, null where none could be given."""

    id: str
    experiment_id: str
    item_id: str
    arm: str
    repeat: int
    run_id: str | None
    reused: bool
    fingerprint: str
    output: Any
    error: dict[str, Any] | None
    score: float | None
    scores: dict[str, Any]
    cost: float | None
    latency_ms: int | None
    created_at: str
    version: int


EXPERIMENTS = Resource(
    "experiment",
    "/experiments",
    ExperimentCreate,
    ExperimentQuery,
    Experiment,
    ExperimentUpdate,
    Lifecycle(
        states.EXPERIMENT,
        stamps={
            "running": "started_at",
            **dict.fromkeys(states.final_states(states.EXPERIMENT), "completed_at"),
        },
    ),
    verbs=NO_DELETE,
)
EXPERIMENT_RESULTS = Resource(
    "experiment_result",
    "/experiment-results",
    ExperimentResultCreate,
    ExperimentResultQuery,
    ExperimentResult,
    verbs=APPEND_ONLY,
)
