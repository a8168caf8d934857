"""The settings of the planning layer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Whole = Annotated[int, Field(ge=1)]


class L05Settings(BaseSettings):
    """How far plans may go. As `PLATFORM_L05_…`."""

    model_config = SettingsConfigDict(env_prefix="PLATFORM_L05_")

    max_steps: Annotated[int, Field(ge=1, le=100_000)] = 2000
    """Steps that one plan may have."""
    repairs: Annotated[int, Field(ge=0, le=10)] = 2
    """How often a model that has made a plan which is not right is told so and asked again."""
    depth: Annotated[int, Field(ge=1, le=10)] = 4
    """How far down plans may have plans of their own in them."""
    longest_backoff: Annotated[float, Field(gt=0)] = 3600.0
    """Seconds that a step waits at most before it is tried again."""
