"""L07: feedback on what an agent or a task produced."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.fields import Body, Changes, Id, Int, JsonObject, Kind, Text, Wanted
from agentic.layers.L01_data_layer.models.resource import (
    NO_DELETE,
    Integer,
    ListQuery,
    Page,
    Paging,
    Resource,
    Truth,
)


class FeedbackCreate(Body):
    """New feedback, not yet processed."""

    agent_id: Id | None = None
    task_id: Id | None = None
    feedback_type: Kind
    rating: Int | None = None
    content: Text | None = None
    metadata: JsonObject = {}


class FeedbackUpdate(Changes):
    """What may change in feedback: whether it was processed, and what is noted with it."""

    processed: bool = False
    metadata: JsonObject = {}


class FeedbackQuery(ListQuery):
    """Filters of the list of feedback."""

    agent_id: Id | None = None
    task_id: Id | None = None
    feedback_type: Wanted | None = None
    min_rating: Integer | None = None
    max_rating: Integer | None = None
    processed: Truth | None = None


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
    created_at: str
    version: int


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
