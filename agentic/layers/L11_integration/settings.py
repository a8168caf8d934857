"""The settings of the integration layer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(ge=0)]


class L11Settings(BaseSettings):
    """How hard a delivery is tried, and how often cursors are saved."""

    model_config = SettingsConfigDict(env_prefix="PLATFORM_L11_")

    attempts: Annotated[int, Field(ge=1)] = 5
    """Attempts at one event before it is parked as a dead letter."""
    first_pause: Seconds = 0.1
    """After the first failed attempt; it doubles with each one."""
    longest_pause: Seconds = 5.0
    handler_limit: Annotated[float, Field(gt=0)] = 30.0
    """Seconds that one attempt may take."""
    save_every: Annotated[int, Field(ge=1)] = 100
    """Handled events after which a cursor is saved."""
    save_within: Seconds = 1.0
    """Seconds within which a cursor that moved is saved anyhow."""
    long_lag: Annotated[int, Field(ge=1)] = 1000
    """Events behind the newest from which on a subscription is reported as degraded."""
    test_key: bool = True
    """Whether the specification's test key is taken at `/mcp`, from this machine alone and never when public."""
    key_memory: Annotated[float, Field(ge=0, le=60)] = 5.0
    """Seconds for which a checked key is remembered: how late a revocation can be when its event is not heard."""
