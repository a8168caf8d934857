"""The settings of the agent runtime."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0)]
Whole = Annotated[int, Field(ge=1)]


class L02Settings(BaseSettings):
    """How runs are carried, and what they may do when their agent does not say. As `PLATFORM_L02_…`."""

    model_config = SettingsConfigDict(env_prefix="PLATFORM_L02_")

    carries: bool = True
    """Whether this process carries runs, beside answering for them."""
    concurrency: Whole = 100
    """Runs that this process carries at once."""
    overall: Whole | None = None
    """Runs that all processes together carry at once."""
    lease: Seconds = 10.0
    """Seconds after its last sign of life at which a process's runs are taken over."""
    poll: Seconds = 1.0
    """Seconds within which a run is found whose call to be taken was missed."""
    drain: Annotated[float, Field(ge=0)] = 0.6
    """Seconds that steps in flight have to finish when the process stops; the rest is given back."""
    attempts: Whole = 5
    """Processes that may die, one after the other, at the same step of a run."""
    model_attempts: Whole = 3
    """Failures of a model, one after the other, at which a run fails."""
    first_pause: Seconds = 1.0
    """After the first failure of a model; it doubles with each one, and a model's own `Retry-After` goes before it."""
    longest_pause: Seconds = 60.0
    step_limit: Seconds = 900.0
    """Seconds that one step may take, whatever else is allowed."""
    max_steps: Whole = 200
    """Steps of a run whose agent names no limit."""
    repeats: Whole = 4
    """Times that a model may ask for the same and get the same before it is taken to turn in a circle."""
    depth: Whole = 5
    """How far down agents may call agents."""
    context: Whole = 8192
    """Tokens of a model that does not say how many it takes."""
    reply_reserve: Whole = 1024
    """Tokens of the context that are left for the answer when the agent does not say."""
    code_patience: Seconds = 7 * 86_400.0
    """Seconds for which a run waits for a process that has its agent's code; then it fails."""
    code_look: Seconds = 600.0
    """Seconds for which a process leaves the runs of an agent alone whose code it does not have."""
    modules: str = ""
    """Modules with agents of your own (`@agentic.agent`), by name, with commas between: imported at start."""
