"""A run as the conversation that it was: for who makes examples of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L02_agent_runtime.context import Message, blocks_of, input_messages, text_of


def messages_of(run: Mapping[str, Any], steps: Sequence[RunStep]) -> list[Message]:
    """Instructions, input, answers, calls of tools and their results, as the run's model was told and said them.

    Of an agent of somebody's own code, whose steps are no conversation: what went in and what came out.
    """
    configuration: Mapping[str, Any] = run["configuration"]
    begun = [
        *([{"role": "system", "content": text}] if (text := configuration.get("instructions")) else []),
        *input_messages(run["input"]),
    ]
    if configuration.get("function"):
        return begun if run["output"] is None else [*begun, _answer(run["output"])]
    return [*begun, *(message for block in blocks_of(steps) for message in block.messages)]


def turn_messages(value: Any, output: Any) -> list[Message]:
    """An exchange of which only the input and the output are kept."""
    return [*input_messages(value), _answer(output)]


def _answer(output: Any) -> Message:
    return {"role": "assistant", "content": text_of(output)}
