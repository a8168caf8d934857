"""L06: an evaluation."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.L01_data_layer.models.fields import Body, Id, JsonObject, Kind, Name, Score, Text, Wanted
from agentic.layers.L01_data_layer.models.resource import APPEND_ONLY, Fraction, ListQuery, Resource


class EvaluationCreate(Body):
    """A judgement of what an agent, a task or a run produced; `score` is in [0, 1], kept to four digits.

    `origin` names what it was made by, such as a rule and a run: under the same, there is no second one.
    """

    agent_id: Id | None = None
    task_id: Id | None = None
    evaluation_type: Kind
    score: Score | None = None
    metrics: JsonObject = {}
    feedback: Text | None = None
    run_id: Id | None = None
    experiment_id: Id | None = None
    evaluator: Kind | None = None
    evaluator_version: Annotated[Kind, Field(max_length=64)] | None = None
    origin: Name | None = None


class EvaluationQuery(ListQuery):
    """Filters of the list of evaluations."""

    agent_id: Id | None = None
    task_id: Id | None = None
    run_id: Id | None = None
    experiment_id: Id | None = None
    evaluation_type: Wanted | None = None
    evaluator: Wanted | None = None
    origin: Wanted | None = None
    min_score: Fraction | None = None
    max_score: Fraction | None = None


class Evaluation(TypedDict):
    """An evaluation as stored."""

    id: str
    agent_id: str | None
    task_id: str | None
    evaluation_type: str
    score: float | None
    metrics: dict[str, Any]
    feedback: str | None
    run_id: str | None
    experiment_id: str | None
    evaluator: str | None
    evaluator_version: str | None
    origin: str | None
    created_at: str
    version: int


EVALUATIONS = Resource(
    "evaluation", "/evaluations", EvaluationCreate, EvaluationQuery, Evaluation, verbs=APPEND_ONLY
)
