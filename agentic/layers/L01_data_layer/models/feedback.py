"""L07: feedback on what an agent, a task or a run produced, and the runs that it is about."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation, Query
from agentic.layers.L01_data_layer.models.fields import (
    Body,
    Changes,
    Count,
    Id,
    Int,
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
    Integer,
    Limit,
    ListQuery,
    Page,
    Paging,
    Resource,
    Truth,
)


class FeedbackCreate(Body):
    """New feedback, not yet processed.

    On a run, or on one step of it. `source` is where it came from, such as `chat` or `evaluator`; `author` who gave it.
    `correction` is what the answer should have been; `better_than` another run, which this one is better than.
    """

    agent_id: Id | None = None
    task_id: Id | None = None
    feedback_type: Kind
    rating: Int | None = None
    content: Text | None = None
    metadata: JsonObject = {}
    run_id: Id | None = None
    step: Count | None = None
    source: Kind | None = None
    author: Name | None = None
    correction: Json = None
    better_than: Id | None = None


class FeedbackUpdate(Changes):
    """What may change in feedback: whether it was processed, what was done with it, and what is noted with it."""

    processed: bool = False
    metadata: JsonObject = {}
    handled: JsonObject | None = None


class FeedbackQuery(ListQuery):
    """Filters of the list of feedback."""

    agent_id: Id | None = None
    task_id: Id | None = None
    feedback_type: Wanted | None = None
    min_rating: Integer | None = None
    max_rating: Integer | None = None
    processed: Truth | None = None
    run_id: Id | None = None
    better_than: Id | None = None
    source: Wanted | None = None


class UnprocessedQuery(Paging):
    """How the feedback that nobody has processed is paged: the oldest first."""

    order: Literal["asc", "desc"] = "asc"


class Feedback(TypedDict):
    """Feedback as stored."""

    id: str
    agent_id: str | None
    task_id: str | None
    feedback_type: str
    rating: int | None
    content: str | None
    metadata: dict[str, Any]
    processed: bool
    run_id: str | None
    step: int | None
    source: str | None
    author: str | None
    correction: Any
    better_than: str | None
    handled: dict[str, Any] | None
    created_at: str
    version: int


class JudgedRunQuery(Query):
    """Which judged runs: of an agent, by feedback that was given in a span of time. In the order of their ids."""

    agent_id: Id | None = None
    since: Moment | None = None
    until: Moment | None = None
    limit: Limit = 100
    cursor: Annotated[str, Field(max_length=2000)] | None = None


class Turn(TypedDict):
    """What was said before, in the run's session."""

    input: Any
    output: Any


class JudgedRun(TypedDict):
    """A run of an agent that feedback is about, with all that makes an example of it.

    `opening` is what its conversation began with: the same for all runs of a session. `steps` are those of models and tools, and
    messages, as in the run; `history` are the last turns of its session before it.
    """

    run: dict[str, Any]
    opening: Any
    history: list[Turn]
    steps: list[dict[str, Any]]
    feedback: list[Feedback]


FEEDBACK = Resource(
    "feedback",
    "/feedback",
    FeedbackCreate,
    FeedbackQuery,
    Feedback,
    FeedbackUpdate,
    verbs=NO_DELETE,
)

UNPROCESSED_FEEDBACK = Operation(
    "feedback.unprocessed", "GET", "/feedback/unprocessed", query=UnprocessedQuery, result=Page[Feedback]
)
JUDGED_RUNS = Operation(
    "feedback.runs", "GET", "/feedback/runs", query=JudgedRunQuery, result=Page[JudgedRun]
)
