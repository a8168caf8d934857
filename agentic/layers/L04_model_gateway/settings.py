"""The settings of the model gateway."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]

MEGABYTE = 1024 * 1024


class L04Settings(BaseSettings):
    """Patience with providers, how often a call is tried, and how much may be held in memory."""

    model_config = SettingsConfigDict(
        env_prefix="PLATFORM_L04_", populate_by_name=True, env_ignore_empty=True
    )

    redis_url: str = Field(
        default="redis://localhost:6379", validation_alias=AliasChoices("PLATFORM_L04_REDIS_URL", "REDIS_URL")
    )
    ollama_url: str = "http://localhost:11434"
    """Where Ollama is looked for, unless a provider of that name is configured."""
    local_model: bool = True
    """Whether the local model is among the providers, unless one named `local` is configured. It answers where it is installed."""
    test_key: bool = True
    """Whether the specification's test key is taken, from this machine alone and never when public."""
    key_memory: Annotated[float, Field(ge=0, le=60)] = 5.0
    """Seconds for which a checked key is remembered: how late a revocation can be when its event is not heard."""

    connect_timeout: Positive = 5.0
    first_byte_timeout: Positive = 300.0
    """Seconds until an answer begins: a whole answer begins when the model has finished it."""
    silence_timeout: Positive = 60.0
    """Seconds between two parts of an answer."""
    max_request: Count = 32 * MEGABYTE
    max_answer: Count = 32 * MEGABYTE
    """Bytes of an answer, streamed ones too."""

    attempts: Count = 3
    """How often a call is tried with one provider, the first time included."""
    first_pause: Seconds = 0.5
    """After the first failed attempt; it doubles with each one, and is drawn from half to all of that."""
    longest_pause: Seconds = 20.0
    """A provider that wants to be left alone for longer is not waited for."""
    breaker_failures: Count = 5
    """Failures in a row after which a provider is left alone."""
    breaker_pause: Positive = 10.0
    """Seconds until one call may try it again; they double while it fails, up to twelve times this."""

    discover_every: Positive = 60.0
    """Seconds between two looks at which models a provider has."""
    usage_room: Count = 10_000
    """Model calls in flight or waiting to be recorded: the next one waits until there is room."""
    usage_patience: Seconds = 30.0
    """Seconds for which a call waits for that room."""
    default_output_tokens: Count = 4096
    """Output tokens of a request that names no limit and needs one: for a budget, or for Anthropic."""
