"""What the evaluation layer takes and tells: judgements, rules, datasets that are filled, experiments, and how scores go."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Query
from agentic.layers.base.unusual import UNUSUAL
from agentic.layers.L01_data_layer.models.dataset import DATASETS, Dataset
from agentic.layers.L01_data_layer.models.evaluation import EVALUATIONS, Evaluation
from agentic.layers.L01_data_layer.models.experiment import (
    EXPERIMENT_RESULTS,
    EXPERIMENTS,
    Experiment,
    Repeats,
)
from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Id,
    Json,
    JsonObject,
    Kind,
    Moment,
    Money,
    Name,
    Score,
    Text,
    Wanted,
)
from agentic.layers.L01_data_layer.models.resource import WHOLE, Fraction

__all__ = [
    "DATASETS",
    "EVALUATIONS",
    "EXPERIMENTS",
    "EXPERIMENT_RESULTS",
    "Dataset",
    "Evaluation",
    "Experiment",
]

RULES: Final = "evaluation_rules"
"""The namespace of configuration in which rules are kept."""
LONGEST_WAIT: Final = 25
"""Seconds that one request waits; a client that waits longer asks again."""
HUMAN: Final = "human"
"""The evaluator of a person's own judgement."""

Evaluators = Annotated[list[Json], Field(max_length=50)]
"""How something is judged: objects with a `kind` and what that takes (`GET /evaluators`), or text, which a model judges by."""


# -- judging


class Case(Body):
    """What is judged: a value, with what it was an answer to and what was expected. Of a run, what is not said is the run's."""

    output: Json = None
    input: Json = None
    expected: Json = None
    run_id: Id | None = None
    agent_id: Id | None = None


class JudgeOrder(Case):
    """Judges a value, and keeps nothing."""

    criteria: Annotated[Evaluators, Field(min_length=1)]


class EvaluateOrder(Case):
    """Judges a run, a task or a value, and keeps an evaluation by each evaluator. With an `origin`, once."""

    evaluators: Annotated[Evaluators, Field(min_length=1)]
    task_id: Id | None = None
    origin: Annotated[Name, Field(max_length=120)] | None = None


class Refusal(TypedDict):
    """Why an evaluator gave no score."""

    code: str
    detail: str


class Verdict(TypedDict):
    """What one evaluator says. Without a score, `refused` says why; `version` is of its settings."""

    name: str
    kind: str
    version: str
    score: float | None
    passed: bool | None
    weight: float
    rationale: str | None
    metrics: dict[str, Any]
    refused: Refusal | None


class Judgement(TypedDict):
    """What all evaluators say. `score` is their weighted mean, and null, as `passed` is, when one of them gave none."""

    score: float | None
    passed: bool | None
    verdicts: list[Verdict]


class Evaluated(TypedDict):
    """The evaluations that are kept."""

    items: list[Evaluation]


class EvaluatorKind(TypedDict):
    """A kind of evaluator, and the JSON Schema of its settings."""

    kind: str
    description: str
    settings: dict[str, Any]


class EvaluatorKinds(TypedDict):
    """Every kind."""

    items: list[EvaluatorKind]


class LabelOrder(Body):
    """A person's judgement of a run or a task, with which those of models are compared."""

    run_id: Id | None = None
    task_id: Id | None = None
    score: Score
    by: Name | None = None
    comment: Text | None = None
    evaluation_type: Kind = HUMAN


class AgreementQuery(Query):
    """Between which evaluator and people; `threshold` is the score from which something is good."""

    evaluation_type: Wanted
    evaluator_version: Wanted | None = None
    threshold: Fraction = 0.5


class Agreement(TypedDict):
    """How often an evaluator and people say the same of the same run or task.

    `agreement` is the part of them of which both say that they are good, or both that they are not; `kappa` (Cohen's) is what is left of
    it when chance is taken out, null when people say the same of all. `error` is the mean distance of the scores, `bias` how much higher
    the evaluator's are.
    """

    count: int
    agreement: float | None
    kappa: float | None
    error: float | None
    bias: float | None
    correlation: float | None


# -- rules


class Rule(Body):
    """Judges what ends by itself: each run that completes, or each task, of one agent or all."""

    on: Literal["run.completed", "task.completed"] = "run.completed"
    evaluators: Annotated[Evaluators, Field(min_length=1)]
    agent_id: Id | None = None
    sample: Fraction = 1.0
    """The part of them that is judged; which, is fixed by their ids."""
    alert_below: Fraction | None = None
    """A score below it is told as an event, `evaluation_alert.low`."""
    enabled: bool = True


class RuleRecord(TypedDict):
    """A rule as it is kept."""

    name: str
    rule: dict[str, Any]
    version: int


class RuleRecords(TypedDict):
    """Every rule."""

    items: list[RuleRecord]


# -- datasets


class FileOrder(Body):
    """Items from the text of a file. Each line (JSONL), or row (CSV with a header), has `input` and `expected`, or says where they are."""

    text: Text
    format: Literal["jsonl", "csv"] = "jsonl"
    input: Name = "input"
    expected: Name = "expected"
    split: Kind | None = None
    """For those that name none."""


class RunsOrder(Body):
    """Items from runs that completed: their input, and their output as what is expected."""

    run_ids: Annotated[list[Id], Field(max_length=1000)] | None = None
    agent_id: Id | None = None
    since: Moment | None = None
    until: Moment | None = None
    min_score: Fraction | None = None
    """Only runs whose evaluations, on average, are not below it."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    expect_output: bool = True
    split: Kind | None = None


class FeedbackOrder(Body):
    """Items from what people think of tasks: the task's input, and the correction, or an output that was thought good, as what is expected."""

    feedback_ids: Annotated[list[Id], Field(max_length=1000)] | None = None
    agent_id: Id | None = None
    since: Moment | None = None
    until: Moment | None = None
    min_rating: int = 4
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    split: Kind | None = None


class LeftOut(TypedDict):
    """What became no item: a line of the file, counted from 1, or the id of a record; and why."""

    source: str
    reason: str


class Filled(TypedDict):
    """A dataset with its new items. `there` are those that it had already."""

    dataset: Dataset
    added: int
    there: int
    left_out: list[LeftOut]


# -- experiments


class Subject(Body):
    """An agent, by id or name, and what is different in its configuration for this experiment."""

    agent: Name
    configuration: JsonObject = {}


class ExperimentOrder(Body):
    """Gives every item of a dataset to a subject, and to a baseline, and judges the answers.

    Without evaluators, those of the dataset judge; without a revision, it is the present one.
    """

    dataset: Name
    """Its id or name."""
    revision: Annotated[int, Field(ge=1)] | None = None
    split: Kind | None = None
    subject: Subject
    baseline: Subject | None = None
    repeats: Repeats = 1
    evaluators: Evaluators = []
    name: Name | None = None
    goal_id: Id | None = None
    margin: Fraction = 0.0
    """By how much the subject may be worse on average and yet have not regressed."""
    confidence: Annotated[float, Field(ge=0.5, le=0.999)] = 0.95
    concurrency: Annotated[int, Field(ge=1, le=50)] = 4
    max_cost: Money | None = None
    """US dollars after which no further run is begun."""
    reuse: bool = True
    """Whether what was run before with the same input, configuration and repeat is taken as it is."""


class Interval(TypedDict):
    """A mean, and where the true one lies with the confidence that was asked for (bootstrap over items)."""

    mean: float
    low: float
    high: float


class ArmSummary(TypedDict):
    """How one subject did. `scored` are the tries that have a score, `failed` the runs that did not complete: they score 0."""

    tries: int
    scored: int
    failed: int
    reused: int
    score: Interval | None
    by_evaluator: dict[str, Interval]
    cost: float
    latency_ms: float | None


class ComparisonSummary(TypedDict):
    """Subject against baseline, item by item. `p_value` is of a paired test by random signs: how likely chance alone gives as much.

    `regressed`: worse by more than the margin, and the interval of the difference says that it is no chance; `improved` likewise.
    """

    items: int
    difference: Interval
    p_value: float
    better: int
    worse: int
    same: int
    regressed: bool
    improved: bool
    by_evaluator: dict[str, Interval]


class ExperimentSummary(TypedDict):
    """What an experiment came to. `stopped` says why not everything was tried; null when it was."""

    items: int
    subject: ArmSummary
    baseline: ArmSummary | None
    comparison: ComparisonSummary | None
    stopped: str | None


class ExperimentLook(Query):
    """`wait` is how many seconds the answer may wait for the experiment to end."""

    wait: Annotated[int, Field(ge=0, le=LONGEST_WAIT), WHOLE] = 0


# -- how scores go


class SeriesQuery(Query):
    """Scores over time, of an agent and a type or of all."""

    agent_id: Id | None = None
    evaluation_type: Wanted | None = None
    bucket: Literal["hour", "day"] = "day"
    since: Moment | None = None
    until: Moment | None = None
    threshold: Annotated[float, Field(gt=0, le=100)] = UNUSUAL
    """How many robust deviations from what was usual are too many."""


class Point(TypedDict):
    """The scores of an hour or a day.

    `deviation` is how many robust deviations (median and MAD) its mean is from those before; null while there are too few to say
    what is usual (cold start).
    """

    at: str
    count: int
    mean: float | None
    deviation: float | None
    anomaly: bool


class Series(TypedDict):
    """Scores over time; `slope` is the change of the mean in a day (Theil-Sen), null for fewer than three points."""

    points: list[Point]
    slope: float | None
    anomalies: int


class RegressionQuery(Query):
    """The scores since a moment, against those of the time before, or of another agent."""

    agent_id: Id
    evaluation_type: Wanted
    since: Moment
    baseline_since: Moment | None = None
    baseline_agent_id: Id | None = None
    margin: Fraction = 0.0
    confidence: Annotated[float, Field(ge=0.5, le=0.999)] = 0.95


class Spread(TypedDict):
    """Some scores in sum."""

    count: int
    mean: float | None
    stddev: float | None


class Regression(TypedDict):
    """Scores against earlier ones. The p-value is of Welch's test; null when there are too few to say."""

    current: Spread
    baseline: Spread
    difference: float | None
    p_value: float | None
    regressed: bool
    reason: NotRequired[str]
