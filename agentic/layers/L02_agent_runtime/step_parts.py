"""What the steps of a run hold, beneath the JSON that they are kept as."""

from __future__ import annotations

from typing import Any, cast

from agentic.layers.L01_data_layer.models.run_step import RunStep

Object = dict[str, Any]


def object_of(value: Any) -> Object:
    """A value as an object; an empty one, when it is none."""
    return cast("Object", value) if isinstance(value, dict) else {}


def given(step: RunStep) -> Object:
    """What a step was given: its place, its arguments."""
    return object_of(step["input"])


def message_of(answer: RunStep) -> Object:
    """The message in a model's answer."""
    return object_of(object_of(answer["output"]).get("message"))


def calls_of(answer: RunStep) -> list[Object]:
    """The tool calls that an answer asks for."""
    return list(message_of(answer).get("tool_calls") or [])


def is_empty(answer: RunStep) -> bool:
    """Whether a model's answer says nothing and asks for nothing."""
    return not calls_of(answer) and not str(message_of(answer).get("content") or "").strip()


def said_in(step: RunStep) -> Any:
    """What somebody said into the run."""
    content = given(step)
    return content["content"] if "content" in content else step["input"]


def result_of(step: RunStep) -> Any:
    """What a tool or another agent gave."""
    output: Any = step["output"]
    return object_of(output).get("output") if is_child(output) else output


def is_child(output: Any) -> bool:
    """Whether a step's output is that of another agent's run."""
    return "child_run" in object_of(output)
