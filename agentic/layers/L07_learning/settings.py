"""The settings of the learning layer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Share = Annotated[float, Field(ge=0, le=1)]
Whole = Annotated[int, Field(ge=1)]


class L07Settings(BaseSettings):
    """From the environment, with the prefix `PLATFORM_L07_`."""

    model_config = SettingsConfigDict(env_prefix="PLATFORM_L07_")

    exports_dir: Path | None = None
    """Where exports are written, each into a folder of its own. Without it: `exports` in the platform's data folder."""
    collect: bool = True
    """Whether evaluations of runs, and runs that fail, become feedback by themselves."""
    good_score: Share = 0.8
    """An evaluation from here on says that a run was good."""
    bad_score: Share = 0.4
    """An evaluation up to here says that a run was bad; what lies between says nothing."""
    concurrency: Whole = 8
    """Trial runs of one improvement at a time."""
    watched: Whole = 200
    """Evaluations after a promotion, and before it, that are compared; later ones say nothing of the change."""
    watch_least: Whole = 8
    """Evaluations after a promotion before anything is concluded from them."""
    watch_confidence: Annotated[float, Field(ge=0.5, le=0.999)] = 0.99
    """How sure it must be that an agent is worse since a promotion before that is taken back. It is looked at again and again, so high."""
