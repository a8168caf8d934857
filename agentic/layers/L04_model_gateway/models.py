"""What the model gateway takes and tells: providers, models, replies."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation, Query

PROVIDERS = "model_providers"
ALIASES = "model_aliases"
LIMITS = "model_limits"
"""The namespaces of configuration that the gateway reads."""

_KEY = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:/.+")


class _Value(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


def _reference(value: str) -> str:
    if not _KEY.fullmatch(value):
        raise ValueError(
            "a reference such as env:OPENAI_API_KEY or file:/run/secrets/openai, never the key itself"
        )
    return value


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address such as http://localhost:11434")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("an address without a name, password, query or fragment")
    return value.rstrip("/")


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
ModelName = Annotated[str, Field(min_length=1, max_length=255)]
Rate = Annotated[int, Field(ge=1, le=2**40)]
Price = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class Prices(_Value):
    """US dollars for a million tokens, over what the platform knows; what is not named costs what `input` does."""

    input: Price
    output: Price
    cached_input: Price | None = None
    cache_write: Price | None = None


class Limits(_Value):
    """What may be asked in a minute."""

    requests_per_minute: Rate | None = None
    tokens_per_minute: Rate | None = None


class ModelSetting(_Value):
    """What is known of a model beside what its provider tells. None: not known."""

    context_length: Annotated[int, Field(ge=1)] | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    tools: bool | None = None
    json_schema: bool | None = None
    vision: bool | None = None
    embeddings: bool | None = None
    prices: Prices | None = None


class ProviderSetting(_Value):
    """A provider, as configuration holds it under its name in the namespace `model_providers`."""

    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    base_url: Annotated[str, Field(max_length=500), AfterValidator(_address)] | None = None
    key: Annotated[str, AfterValidator(_reference)] | None = None
    """Where its key is found at the last moment: `env:NAME` or `file:/path`."""
    order: int = 100
    """Lower ones are asked first."""
    enabled: bool = True
    paid: bool | None = None
    """Whether calls cost money. None: as its kind has it."""
    discover: bool = True
    """Whether it is asked which models it has; otherwise it has those in `models`."""
    models: dict[ModelName, ModelSetting] = {}
    limits: Limits = Limits()
    """Of all calls to it."""
    concurrency: Annotated[int, Field(ge=1)] | None = None
    options: dict[str, Any] = {}
    """Put into each request that does not say otherwise, such as Ollama's `num_ctx`."""
    headers: dict[str, str] = {}
    """Sent with each request; no secrets."""
    first_byte_timeout: Annotated[float, Field(gt=0, le=3600)] | None = None
    silence_timeout: Annotated[float, Field(gt=0, le=3600)] | None = None


Strategy = Literal["order", "cost", "latency"]


class LimitSetting(Limits):
    """A limit in the namespace `model_limits`, under any name. Without a subject each one of its scope has this much."""

    scope: Literal["key", "agent", "model", "provider"]
    subject: Annotated[str, Field(min_length=1, max_length=255)] | None = None


class AliasSetting(_Value):
    """Another name for a model, or for several of which the first that can is asked; in the namespace `model_aliases`."""

    models: Annotated[list[ModelName], Field(min_length=1, max_length=50)]
    """As in requests: a name, or a provider and a name with a slash between."""
    strategy: Strategy = "order"


class ModelInfo(TypedDict):
    """A model that a provider has. A capability that nobody knows of is null, and is assumed when asked for."""

    id: str
    provider: str
    context_length: int | None
    max_output_tokens: int | None
    tools: bool | None
    json_schema: bool | None
    vision: bool | None
    embeddings: bool | None


class ProviderInfo(TypedDict):
    """A provider as it stands."""

    name: str
    kind: str
    base_url: str | None
    order: int
    enabled: bool
    paid: bool
    configured: bool
    """False: it is one of the platform's own defaults."""
    status: Literal["ok", "unreachable", "unknown", "off", "invalid"]
    detail: str
    breaker: Literal["closed", "open", "half-open"]
    models: list[ModelInfo]


class Providers(TypedDict):
    """Every provider, in the order in which they are asked."""

    items: list[ProviderInfo]


class Models(TypedDict):
    """Every model of every provider."""

    items: list[ModelInfo]


class Usage(TypedDict):
    """What a call used and cost, as a step of a run takes it."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost: float | None
    cost_known: bool
    latency_ms: int
    ttft_ms: int | None
    provider: str
    model: str


class Reply(NamedTuple):
    """A model's answer."""

    message: dict[str, Any]
    """In OpenAI's form: role, content, tool_calls."""
    finish_reason: str
    usage: Usage
    usage_id: str | None
    """The row that was reserved for the call; whoever made it for a run settles it."""
    provider: str
    model: str


class RunPart(_Value):
    """A run as its worker holds it (`RunRef`)."""

    run_id: Annotated[str, Field(min_length=1, max_length=64)]
    token: int
    step: int


class CompletionOrder(_Value):
    """A completion for a layer of the platform: what `L04Client.complete` takes."""

    request: dict[str, Any]
    """In OpenAI's form."""
    run: RunPart | None = None
    agent_id: str | None = None
    goal_id: str | None = None
    key_id: str | None = None
    stream: bool = False
    """Whether the text is wanted as it comes."""
    cache_seconds: Annotated[float, Field(gt=0)] | None = None
    task: Literal["chat", "embeddings"] = "chat"


class CompletionLine(TypedDict, total=False):
    """One line of the answer to a `CompletionOrder`: a piece of text, or at the end the reply or what went wrong."""

    text: str
    reply: dict[str, Any]
    problem: dict[str, Any]


class ProviderAddress(Query):
    """A provider's name as part of a path."""

    name: Name


LIST_PROVIDERS = Operation("provider.list", "GET", "/providers", result=Providers)
GET_PROVIDER = Operation(
    "provider.get", "GET", "/providers/{name}", result=ProviderInfo, address=ProviderAddress
)
SET_PROVIDER = Operation(
    "provider.set",
    "PUT",
    "/providers/{name}",
    body=ProviderSetting,
    result=ProviderInfo,
    address=ProviderAddress,
)
DELETE_PROVIDER = Operation(
    "provider.delete", "DELETE", "/providers/{name}", status=204, address=ProviderAddress
)
DISCOVER_PROVIDER = Operation(
    "provider.discover", "POST", "/providers/{name}/discover", result=ProviderInfo, address=ProviderAddress
)
LIST_MODELS = Operation("model.list", "GET", "/models", result=Models)
COMPLETE = Operation("model.complete", "POST", "/completions", body=CompletionOrder, result=CompletionLine)
CHAT_COMPLETIONS = Operation(
    "openai.chat_completions", "POST", "/v1/chat/completions", body=dict[str, Any], result=dict[str, Any]
)
EMBEDDINGS = Operation(
    "openai.embeddings", "POST", "/v1/embeddings", body=dict[str, Any], result=dict[str, Any]
)
OPENAI_MODELS = Operation("openai.models", "GET", "/v1/models", result=dict[str, Any])
MESSAGES = Operation("anthropic.messages", "POST", "/v1/messages", body=dict[str, Any], result=dict[str, Any])
