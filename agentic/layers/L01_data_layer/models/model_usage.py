"""L04: what one model call used and cost."""

from __future__ import annotations

from typing_extensions import TypedDict

from agentic.layers.L01_data_layer.models.fields import Body, Count, Id, Kind, Money, Name, Wanted
from agentic.layers.L01_data_layer.models.resource import APPEND_ONLY, ListQuery, Resource


class ModelUsageCreate(Body):
    """One model call. Tokens are counts, latency is in milliseconds, cost in US dollars."""

    agent_id: Id | None = None
    model_provider: Kind
    model_name: Name
    input_tokens: Count = 0
    output_tokens: Count = 0
    latency_ms: Count | None = None
    cost_estimate: Money | None = None


class ModelUsageQuery(ListQuery):
    """Filters of the list of model calls."""

    agent_id: Id | None = None
    model_provider: Wanted | None = None
    model_name: Wanted | None = None


class ModelUsage(TypedDict):
    """One model call as stored."""

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


MODEL_USAGE = Resource(
    "model_usage", "/model-usage", ModelUsageCreate, ModelUsageQuery, ModelUsage, verbs=APPEND_ONLY
)
