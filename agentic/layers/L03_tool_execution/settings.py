"""The settings of the tool layer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0)]
Number = Annotated[int, Field(ge=1)]


class L03Settings(BaseSettings):
    """From the environment, with the prefix `PLATFORM_L03_`. Lists are JSON: `["10.0.0.0/8", "localhost:11434"]`."""

    model_config = SettingsConfigDict(env_prefix="PLATFORM_L03_")

    modules: list[str] = []
    """Modules with functions that are tools: imported at the start, so that their `@tool`s are there."""

    timeout: Seconds = 60.0
    """Seconds that a call may take, for a tool that says nothing else."""
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """How often a call of an idempotent tool is tried again."""
    first_pause: Annotated[float, Field(ge=0)] = 0.2
    """Seconds before the first of them; they double."""
    max_output: Number = 256 * 1024
    """Bytes of JSON that a result may have; more is cut, and says so."""
    concurrency: Number = 64
    """Calls that run at once in this process, of all tools together."""
    patience: Annotated[float, Field(ge=0)] = 10.0
    """Seconds that a call waits for its turn before it is refused, or its run put aside."""
    breaker_failures: Number = 5
    """Failures in a row after which a tool is left alone."""
    breaker_pause: Seconds = 30.0
    """Seconds for which it is."""
    approval_days: Annotated[float, Field(gt=0)] = 7.0
    """Days after which a question that nobody answered is refused."""

    outgoing_allow: list[str] = []
    """Networks, addresses and host names, each with a port or without, that tools may reach although they are private."""
    max_download: Number = 5 * 1024 * 1024
    """Bytes of an HTTP answer that are read; a larger one is an error."""

    files_dir: Path | None = None
    """Where each agent has its folder. Without it: `agents` in the platform's data folder."""
    max_file: Number = 5 * 1024 * 1024
    """Bytes of one file that an agent writes."""
    max_folder: Number = 200 * 1024 * 1024
    """Bytes of all files of an agent."""
    secrets_file: Path | None = None
    """Lines of `NAME=value`, readable by its owner alone. Without it: `secrets` in the platform's data folder."""

    sandbox: Literal["auto", "monty", "bubblewrap", "off"] = "auto"
    """What runs a model's Python: `auto` takes monty where it is installed, or else bubblewrap."""
    sandbox_seconds: Seconds = 20.0
    sandbox_memory: Number = 256 * 1024 * 1024
    """Bytes of memory that the sandboxed code may use."""
    sandbox_output: Number = 64 * 1024
    """Bytes of what it prints that are kept."""
