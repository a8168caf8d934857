"""What a tool is, wherever it comes from: a name, what it takes, how it is carried out, and the rules of its calls."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L03_tool_execution.errors import DefinitionError

NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What every provider of models takes as the name of a function."""


class Rules(BaseModel):
    """What bounds the calls of a tool. None: the settings of the layer say it."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, defer_build=True)

    agents: list[str] | None = None
    """Ids or names of the agents that may use it. None: those whose configuration lists it."""
    approval: bool | None = None
    """A person is asked before each call."""
    approval_when: tuple[dict[str, Any], ...] | None = None
    """A person is asked when the arguments meet one of these JSON Schemas."""
    idempotent: bool | None = None
    """Doing it twice is doing it once: tried again when it fails, and after a crash."""
    timeout: Annotated[float, Field(gt=0, le=86_400)] | None = None
    retries: Annotated[int, Field(ge=0, le=10)] | None = None
    concurrency: Annotated[int, Field(ge=1)] | None = None
    """Calls of it that run at once, in one process."""
    per_minute: Annotated[int, Field(ge=1)] | None = None
    """Calls of it that begin within a minute, in one process."""
    max_output: Annotated[int, Field(ge=1)] | None = None

    def overlaid(self, stricter: Rules) -> Rules:
        """These rules with what `stricter` says instead; an approval that either asks for is asked for."""
        given = {name: value for name, value in stricter if value is not None}
        if self.approval:
            given["approval"] = True
        if self.approval_when:
            given["approval_when"] = (*self.approval_when, *(stricter.approval_when or ()))
        return self.model_copy(update=given)


def rules_from(raw: Mapping[str, Any], where: str) -> Rules:
    """Rules as they stand in a record. What is no rule is left alone: a record may say more about a tool.

    Raises:
        DefinitionError: one of them is not what it may be.
    """
    try:
        return Rules.model_validate(raw)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise DefinitionError(f"The {where} are not valid. {wrong}") from None


@dataclass(frozen=True)
class ToolContext:
    """Who calls a tool, and for what. A function that names a parameter of this type is given it."""

    tool: str
    agent_id: str | None = None
    run: RunRef | None = None
    call_id: str | None = None
    execution_id: str | None = None
    started_at: datetime | None = None
    """When the call began; the same when it goes on after a pause or a crash."""
    approval: Mapping[str, Any] | None = None
    """What a person decided, for a tool that asks."""
    timeout: float = 60.0
    redact: Redaction = field(default_factory=lambda: Redaction({}))


class Redaction:
    """Takes secrets out of what goes back. Those that are resolved for a call are added as they are."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = dict(known)

    def add(self, name: str, value: str) -> None:
        """Takes `value` out from now on."""
        if value:
            self._known[value] = name

    def text(self, text: str) -> str:
        """The text with the name of each secret in its place."""
        for value in sorted(self._known, key=len, reverse=True):
            text = text.replace(value, f"[secret {self._known[value]}]")
        return text

    def value(self, value: Any) -> Any:
        """A JSON value, the keys of its objects too."""
        if not self._known:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            items: Mapping[Any, Any] = value  # pyright: ignore[reportUnknownVariableType]
            return {self.value(key): self.value(item) for key, item in items.items()}
        if isinstance(value, list | tuple):
            parts: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
            return [self.value(item) for item in parts]
        return value


class Until(NamedTuple):
    """What a tool gives that is not done before a moment: its run is put aside until then, and asks again."""

    moment: datetime


Runner = Callable[[ToolContext, dict[str, Any]], Awaitable[Any]]


@dataclass(frozen=True)
class Tool:
    """A tool as the pipeline needs it."""

    name: str
    description: str
    parameters: dict[str, Any]
    run: Runner
    kind: str = "function"
    rules: Rules = field(default_factory=Rules)
    result: dict[str, Any] | None = None
    """The JSON Schema of what it gives, where it says so."""
    asks: bool = False
    """A person's answer is what it gives: it is asked for before the call, and handed to it."""
    waits: bool = False
    """It may answer `Until`: then it is called again, as the same attempt."""
    id: str | None = None
    """Of the record in the data layer."""
    enabled: bool = True

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise DefinitionError(
                f"{self.name!r} cannot be the name of a tool: letters, digits, _ and -, 1 to 64 of them."
            )

    def recorded(self, tool_id: str, *, enabled: bool, rules: Rules) -> Tool:
        """The tool as its record has it."""
        return replace(self, id=tool_id, enabled=enabled, rules=self.rules.overlaid(rules))

    def told(self) -> dict[str, Any]:
        """What a model is told of it."""
        return {"name": self.name, "description": self.description, "parameters": self.parameters}
