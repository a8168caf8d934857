"""What an agent is to do, read from its `configuration`. Members that are unknown here are others' to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentic.layers.base.common_errors import InvalidError, invalid_from
from agentic.layers.L02_agent_runtime.errors import AgentConfigurationError

Whole = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, defer_build=True)


class Limits(_Part):
    """How far a run may go. What is not said is not limited, but for the number of steps."""

    steps: Whole | None = None
    tokens: Whole | None = None
    cost: Annotated[float, Field(ge=0)] | None = None
    seconds: Annotated[float, Field(gt=0)] | None = None
    """Of work: waiting for a person or for a time does not count."""
    concurrency: Whole | None = None
    repeats: Whole | None = None


class Memory(_Part):
    """What becomes of a conversation that outgrows the model's context."""

    strategy: Literal["trim", "summarise"] = "trim"
    keep: Whole = 4
    """The last exchanges that are never left out."""
    context: Whole | None = None
    """Tokens to stay within, when the model's own context is not to be filled."""


class Configuration(_Part):
    """An agent's configuration, as the runtime reads it."""

    model: str | None = None
    instructions: str = ""
    tools: list[Any] = []
    limits: Limits = Limits()
    memory: Memory = Memory()
    parameters: dict[str, Any] = {}
    response_format: dict[str, Any] | None = None
    function: str | None = None
    """`module:name` of an `@agentic.agent`: its code is what runs."""
    depth: int = 0
    """How many agents stand above this run."""


def configuration_of(raw: Mapping[str, Any]) -> Configuration:
    """A run's configuration.

    Raises:
        AgentConfigurationError: it is not valid.
    """
    try:
        return Configuration.model_validate(raw)
    except ValidationError as error:
        raise AgentConfigurationError(_invalid(error).detail) from None


def check_configuration(raw: Mapping[str, Any]) -> None:
    """Returns when an agent can be made with it.

    Raises:
        InvalidError: it is not valid; every field that is wrong is named.
    """
    try:
        Configuration.model_validate(raw)
    except ValidationError as error:
        raise _invalid(error) from None


def _invalid(error: ValidationError) -> InvalidError:
    listed = error.errors(include_url=False, include_context=False, include_input=False)
    return invalid_from({**each, "loc": ("configuration", *each["loc"])} for each in listed)
