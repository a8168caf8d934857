"""A judged run as a conversation: what was asked, what was answered, and which conversation it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple, cast

from agentic.layers.base import jsonio
from agentic.layers.L01_data_layer.models.feedback import JudgedRun
from agentic.layers.L02_agent_runtime.client import messages_of, turn_messages

Message = dict[str, Any]
KEYS: Final = ("role", "content", "name", "tool_calls", "tool_call_id")
"""Every message has all of them: what reads the files by columns finds the same in each."""


class Conversation(NamedTuple):
    """The messages of a run; the first `asked` of them came before its first answer."""

    messages: list[Message]
    asked: int
    opening: str
    """A digest of what its conversation began with: the same for all runs of a session, and for all with the same beginning."""

    @property
    def prompt(self) -> list[Message]:
        """What the run was asked."""
        return self.messages[: self.asked]

    @property
    def completion(self) -> list[Message]:
        """What it answered, with the tools that it used."""
        return self.messages[self.asked :]

    @property
    def is_answered(self) -> bool:
        """Whether it ends with words of the agent's."""
        last = self.messages[-1]
        return len(self.messages) > self.asked and last["role"] == "assistant" and bool(last["content"])


def conversation_of(judged: JudgedRun) -> Conversation:
    """A judged run as messages in the one form that the files have."""
    own = messages_of(judged["run"], cast("Any", judged["steps"]))
    system = [message for message in own if message["role"] == "system"][:1]
    said = own[len(system) :]
    before = [
        message for turn in judged["history"] for message in turn_messages(turn["input"], turn["output"])
    ]
    messages = [_uniform(message) for message in (*system, *before, *said)]
    _name_results(messages)
    asked = _first_answer(messages, len(system) + len(before))
    return Conversation(messages, asked, opening_of(judged["opening"]))


def corrected(conversation: Conversation, correction: Any) -> list[Message]:
    """The completion with another last answer."""
    text = correction if isinstance(correction, str) else jsonio.encode(correction).decode()
    return [*conversation.completion[:-1], _uniform({"role": "assistant", "content": text})]


def opening_of(opening: Any) -> str:
    """The digest of a beginning. Capitals and white space make no other conversation."""
    text = opening if isinstance(opening, str) else jsonio.encode(opening).decode()
    return digest(" ".join(text.split()).casefold())


def digest(value: Any) -> str:
    """A short name for a value: the same for the same."""
    return sha256(jsonio.encode(value)).hexdigest()[:32]


def _uniform(message: Mapping[str, Any]) -> Message:
    content = message.get("content")
    told: Message = dict.fromkeys(KEYS)
    told["role"] = message["role"]
    told["content"] = (
        content if content is None or isinstance(content, str) else jsonio.encode(content).decode()
    )
    told["tool_call_id"] = message.get("tool_call_id")
    if calls := message.get("tool_calls"):
        told["tool_calls"] = [_call(call, index) for index, call in enumerate(calls)]
    return told


def _call(call: Mapping[str, Any], index: int) -> dict[str, Any]:
    """Arguments are JSON text, as in OpenAI's form: what different tools take cannot stand in one column."""
    function: Mapping[str, Any] = call.get("function") or {}
    arguments = function.get("arguments")
    text = arguments if isinstance(arguments, str) else jsonio.encode(arguments or {}).decode()
    return {
        "id": str(call.get("id") or f"call_{index}"),
        "type": "function",
        "function": {"name": str(function.get("name", "")), "arguments": text},
    }


def _name_results(messages: Sequence[Message]) -> None:
    """Says with each result of a tool which tool it is of: some templates of models want that."""
    names: dict[str, str] = {}
    for message in messages:
        for call in message["tool_calls"] or ():
            names[call["id"]] = call["function"]["name"]
        if message["role"] == "tool":
            message["name"] = names.get(message["tool_call_id"] or "")


def _first_answer(messages: Sequence[Message], start: int) -> int:
    for index in range(start, len(messages)):
        if messages[index]["role"] == "assistant":
            return index
    return len(messages)
