"""The settings of the local model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LocalModelSettings(BaseSettings):
    """Which file it is, and what it may take of the machine."""

    model_config = SettingsConfigDict(env_prefix="PLATFORM_L04_LOCAL_")

    file: Path | None = None
    """A GGUF file of yours; without it, the one that `platform models install-local` fetched."""
    context: Annotated[int, Field(ge=512, le=131_072)] = 4096
    """Tokens that question and answer may have together; each costs 23 KB of memory."""
    answer: Annotated[int, Field(ge=1)] = 512
    """Tokens of an answer when the request sets no limit: a model of this size does not always find an end."""
    threads: Annotated[int, Field(ge=1, le=512)] | None = None
    """Processors to use; without it half of those that there are, four at most: its threads wait for each other, so a busy
    processor slows down all of them."""
    cache_mb: Annotated[int, Field(ge=0)] = 64
    """Memory for the beginnings of earlier prompts. llama.cpp would take 8 GB."""
    idle_seconds: Annotated[float, Field(gt=0)] = 300.0
    """Time without a request after which the process ends; the next request starts it again."""
    start_seconds: Annotated[float, Field(gt=0)] = 60.0
    """Time to load the file and answer."""
