"""The settings of the evaluation layer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0)]
Whole = Annotated[int, Field(ge=1)]


class L06Settings(BaseSettings):
    """How things are judged. As `PLATFORM_L06_…`."""

    model_config = SettingsConfigDict(env_prefix="PLATFORM_L06_")

    judge_model: str | None = None
    """The model that judges when an evaluator names none. Without it: the first that the gateway has."""
    pattern_seconds: Seconds = 2.0
    """Seconds that a pattern or a schema may take on one value."""
    judge_seconds: Seconds = 120.0
    """Seconds that one evaluator may take, whatever it is."""
    alert_window: Whole = 10
    """The latest scores of an agent and type that are held against those before them."""
    alert_history: Whole = 200
    """How many before them say what is usual."""
    alert_deviations: Seconds = 3.5
    """Robust deviations from what is usual at which there is an alert."""
