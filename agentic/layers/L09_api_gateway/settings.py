"""The settings of the gateway."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class L09Settings(BaseSettings):
    """The defaults suit a developer's machine."""

    model_config = SettingsConfigDict(env_prefix="PLATFORM_L09_")

    test_key: bool = True
    """Whether the specification's test key is taken, from this machine alone and never when public."""
    key_memory: Annotated[float, Field(ge=0, le=60)] = 5.0
    """Seconds for which a checked key is remembered: how late a revocation can be when its event is not heard."""
