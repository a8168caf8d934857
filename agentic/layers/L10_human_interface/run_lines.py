"""The timeline of a run: its steps, and the model calls that came to no step because they failed or were cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from agentic.layers.base import jsonio
from agentic.layers.L01_data_layer.models.model_usage import ModelUsage
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L10_human_interface.formats import clipped, span, took
from agentic.layers.L10_human_interface.words import Word, status_word, step_word

MOST: Final = 400
"""Characters of what a step was given and gave that its line shows."""
GIVEN_BY_US: Final = frozenset(
    ("asked", "index", "call_id", "seen", "messages", "dropped", "raw", "at", "is")
)
"""What the runtime notes in a step's input beside what was asked for."""


class Line(NamedTuple):
    """One thing that happened in a run, as its line shows it. `number` is none for a call that came to no step."""

    key: str
    number: int | None
    word: Word
    status: Word
    name: str
    by: str
    given: str
    said: str
    wants: tuple[str, ...]
    input_tokens: int
    output_tokens: int
    cost: float
    cost_known: bool
    estimated: bool
    took: str
    at: str
    href: str
    copied: bool

    @property
    def counted(self) -> bool:
        """True when it used a model."""
        return bool(self.input_tokens or self.output_tokens or self.cost)


def line_of_step(step: RunStep, call: ModelUsage | None) -> Line:
    """The line of a step; `call` is the model call in it, as far as it is known."""
    message = _message(step)
    return Line(
        f"step-{step['number']}",
        step["number"],
        step_word(step["kind"], step["status"]),
        status_word(step["status"]),
        step["name"],
        _by(step, call),
        clipped(_given(step), MOST),
        clipped(_said(step, message), MOST),
        tuple(clipped(wanted, MOST) for wanted in _wants(message)),
        step["input_tokens"],
        step["output_tokens"],
        step["cost"],
        call is None or priced(call),
        call is not None and call["estimated"],
        took(step["started_at"], step["completed_at"]),
        step["started_at"] or step["completed_at"],
        f"/runs/{step['run_id']}/steps/{step['number']}",
        step["copied_from"] is not None,
    )


def line_of_call(call: ModelUsage) -> Line:
    """The line of a call that came to no step: it failed, or nobody saw its end."""
    error = call["error"] or {}
    cut = "Nobody saw the end of this call. What it used is estimated: it was sent, and may have been charged for."
    return Line(
        f"call-{call['id']}",
        None,
        step_word("model", call["status"]),
        status_word(call["status"]),
        call["model_name"],
        call["model_provider"],
        "",
        clipped(str(error.get("detail") or (cut if call["status"] == "cut" else "It failed.")), MOST),
        (),
        call["input_tokens"],
        call["output_tokens"],
        call["cost_estimate"] or 0,
        priced(call),
        call["estimated"],
        "–" if call["latency_ms"] is None else span(call["latency_ms"] / 1000),
        call["created_at"],
        f"/usage/{call['id']}",
        False,
    )


def words_of(step: RunStep) -> str:
    """All that a step was given and gave, in words."""
    message = _message(step)
    return "\n".join(part for part in (_given(step), _said(step, message), *_wants(message)) if part)


def priced(call: ModelUsage) -> bool:
    """False when a call used something whose price nobody knows."""
    return call["cost_known"] or not (call["input_tokens"] or call["output_tokens"])


def text_of(value: Any) -> str:
    """A value as a person reads it: a text as it is, the texts in a list of parts, anything else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = cast("list[Any]", value)
        texts = [cast("dict[str, Any]", part).get("text") for part in parts if isinstance(part, dict)]
        said = [text for text in texts if isinstance(text, str)]
        if said and len(said) == len(parts):
            return "\n".join(said)
    return jsonio.encode(value).decode()


def said_in(value: Any) -> str:
    """An input or an output of a run in words: the last message of a conversation, or the value itself."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        messages = fields.get("messages")
        if isinstance(messages, list) and messages and isinstance(messages[-1], dict):
            return text_of(cast("dict[str, Any]", messages[-1]).get("content"))
        for name in ("text", "content", "message"):
            if len(fields) == 1 and isinstance(fields.get(name), str):
                return fields[name]
    return text_of(value)


def _message(step: RunStep) -> Mapping[str, Any]:
    output: Any = step["output"]
    message: Any = output.get("message") if isinstance(output, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return cast("Mapping[str, Any]", message) if step["kind"] == "model" and isinstance(message, dict) else {}


def _by(step: RunStep, call: ModelUsage | None) -> str:
    if call is not None:
        names = (call["model_provider"], call["model_name"])
        return " · ".join(name for name in names if name != step["name"])
    given: Any = step["input"]
    if step["kind"] == "model" and isinstance(given, dict) and "model" in given:
        return " · ".join(str(given[name]) for name in ("provider", "model") if given.get(name))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return ""


def _given(step: RunStep) -> str:
    given: Any = step["input"]
    if step["kind"] in ("model", "message") or given is None:
        return ""
    if isinstance(given, dict):
        fields = cast("dict[str, Any]", given)
        if "arguments" in fields:
            return text_of(fields["arguments"])
        told = {name: value for name, value in fields.items() if name not in GIVEN_BY_US}
        return text_of(told) if told else ""
    return text_of(given)


def _said(step: RunStep, message: Mapping[str, Any]) -> str:
    if step["error"] is not None:
        return str(step["error"].get("detail") or step["error"].get("message") or text_of(step["error"]))
    if step["kind"] == "message":
        return said_in(step["input"])
    return text_of(message.get("content")) if message else text_of(step["output"])


def _wants(message: Mapping[str, Any]) -> Sequence[str]:
    calls: Any = message.get("tool_calls")
    if not isinstance(calls, list):
        return ()
    functions = [call.get("function") or {} for call in cast("list[Any]", calls) if isinstance(call, dict)]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return [
        f"{function.get('name')} {text_of(function.get('arguments'))}"
        for function in cast("list[dict[str, Any]]", functions)
    ]
