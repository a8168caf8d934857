"""The settings of the human interface."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class L10Settings(BaseSettings):
    """What may be set from outside, as `PLATFORM_L10_…`."""

    model_config = SettingsConfigDict(env_prefix="PLATFORM_L10_")

    health_interval: float = Field(default=10.0, gt=0)
    """Seconds between two measurements of the layers' health."""
    replay_limit: int = Field(default=1000, ge=0)
    """Events that a page may have missed and still catch up on; beyond that it is told to load itself again."""
    ping_interval: float = Field(default=15.0, gt=0)
    """Seconds of silence after which a page's socket is sent a ping."""
    send_timeout: float = Field(default=2.0, gt=0)
    """Seconds that a client may take to accept what it is sent before it is cut off."""
