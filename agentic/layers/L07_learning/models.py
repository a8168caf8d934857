"""What the learning layer takes and tells: feedback, exports of examples, and improvements of agents."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.export import EXPORTS, Export
from agentic.layers.L01_data_layer.models.feedback import FEEDBACK, UNPROCESSED_FEEDBACK, Feedback
from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Count,
    Id,
    Json,
    JsonObject,
    Kind,
    Moment,
    Name,
    Text,
)
from agentic.layers.L01_data_layer.models.improvement import IMPROVEMENTS, Improvement

__all__ = ["EXPORTS", "FEEDBACK", "IMPROVEMENTS", "UNPROCESSED_FEEDBACK", "Export", "Feedback", "Improvement"]

FeedbackKind = Literal["thumb", "rating", "correction", "comparison", "comment", "evaluation", "outcome"]
"""`thumb` and `outcome`: the rating is 1 or -1. `rating` and `evaluation`: from 1, bad, to 5, good."""
ExportKind = Literal["sft", "dpo", "kto"]
FileFormat = Literal["jsonl", "parquet"]
Method = Literal["instructions", "lessons", "examples"]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Number = Annotated[int, Field(ge=1, le=10_000)]


class Give(Body):
    """What somebody thinks of a run, or of one step of it.

    `correction` is what the answer should have been; `better_than` another run that this one is better than.
    """

    run_id: Id
    step: Count | None = None
    kind: FeedbackKind
    rating: Annotated[int, Field(ge=-1, le=5)] | None = None
    content: Annotated[Text, Field(max_length=100_000)] | None = None
    correction: Json = None
    better_than: Id | None = None
    author: Name | None = None
    source: Kind = "api"
    metadata: JsonObject = {}


class Handle(Body):
    """What was done with feedback: in words, with a reference to what came of it."""

    done: Annotated[Text, Field(min_length=1, max_length=10_000)]
    by: Name | None = None
    reference: Name | None = None


class ExportAsk(Body):
    """Which examples are wanted. What is said of runs until now counts; `test` is the share that is kept for testing.

    `seed` decides which conversations those are; with another one they are others.
    """

    name: Name | None = None
    kind: ExportKind
    file_format: FileFormat = "jsonl"
    agent_id: Id | None = None
    since: Moment | None = None
    until: Moment | None = None
    test: Share = 0.1
    seed: Count = 0
    evaluators: bool = True
    """Whether what evaluators and outcomes say counts where no person has said anything."""


class ExportedFile(TypedDict):
    """One file of an export."""

    name: str
    examples: int
    bytes: int
    sha256: str


class ExportResult(TypedDict):
    """What an export holds. `skipped`: how many judged runs gave no example, by the reason."""

    folder: str
    files: list[ExportedFile]
    examples: int
    duplicates: int
    redacted: int
    judged_runs: int
    skipped: dict[str, int]


class Case(Body):
    """A task whose answer is known: what the agent is given, and what a good answer is, as the evaluators take it."""

    input: Json
    expected: Json = None
    metadata: JsonObject = {}


class Budget(Body):
    """What an improvement may use: runs of the agent, and US dollars for them and for what is thought about them."""

    runs: Number = 400
    cost: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] | None = None


class Improve(Body):
    """A search for a better agent, on cases whose answers are known: those of a dataset (L06), or `cases`.

    `held_out` is the share of the cases that nothing is learned from. The change is ready when it is better on them by
    `margin`, and better at all with `confidence`; `promote` says who then decides: a person, or this rule.
    """

    agent_id: Id
    title: Name | None = None
    dataset: Name | None = None
    dataset_version: Number | None = None
    cases: Annotated[list[Case], Field(max_length=2000)] | None = None
    evaluators: Annotated[list[Json], Field(min_length=1, max_length=20)]
    """As L06 takes them: objects with a `kind`, or text, by which a model judges."""
    methods: Annotated[list[Method], Field(min_length=1, max_length=3)] = [
        "lessons",
        "instructions",
        "examples",
    ]
    model: Name | None = None
    """The model that thinks about failures. Without it: the agent's own."""
    rounds: Annotated[int, Field(ge=1, le=100)] = 6
    batch: Annotated[int, Field(ge=1, le=20)] = 4
    """Failures that are looked at in one round."""
    patience: Annotated[int, Field(ge=1, le=100)] = 3
    """Rounds without a better candidate after which the search ends."""
    held_out: Annotated[float, Field(ge=0.1, le=0.9, allow_inf_nan=False)] = 0.5
    margin: Share = 0.02
    confidence: Annotated[float, Field(ge=0.5, lt=1, allow_inf_nan=False)] = 0.95
    budget: Budget = Budget()
    promote: Literal["ask", "rule"] = "ask"
    seed: Count = 0


class Decide(Body):
    """Who decides, and why."""

    by: Name | None = None
    reason: Annotated[Text, Field(max_length=10_000)] | None = None


class ImprovementView(TypedDict):
    """An improvement with its change as a diff of texts, to be read by a person."""

    improvement: Improvement
    diff: str
    agent_name: str | None
    cost: float
    runs: int


GIVE: Final = Operation(
    "feedback.give", "POST", "/feedback", body=Give, result=FEEDBACK.record, status=201, repeatable=True
)
HANDLE: Final = Operation(
    "feedback.handle", "POST", "/feedback/{id}/handled", body=Handle, result=FEEDBACK.record
)
EXPORT: Final = Operation(
    "export.begin", "POST", "/exports", body=ExportAsk, result=EXPORTS.record, status=201, repeatable=True
)
IMPROVE: Final = Operation(
    "improvement.begin",
    "POST",
    "/improvements",
    body=Improve,
    result=IMPROVEMENTS.record,
    status=201,
    repeatable=True,
)
VIEW: Final = Operation("improvement.view", "GET", "/improvements/{id}/diff", result=ImprovementView)
PROMOTE: Final = Operation(
    "improvement.promote", "POST", "/improvements/{id}/promote", body=Decide, result=IMPROVEMENTS.record
)
DISMISS: Final = Operation(
    "improvement.dismiss", "POST", "/improvements/{id}/dismiss", body=Decide, result=IMPROVEMENTS.record
)
ROLL_BACK: Final = Operation(
    "improvement.roll_back", "POST", "/improvements/{id}/rollback", body=Decide, result=IMPROVEMENTS.record
)
