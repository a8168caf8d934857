"""What a model is told: instructions, the session so far, the input, and what this run has done; within its context.

Tokens are counted by the length of the text, and the measure is set right by what the model itself counted of the last
question of this run. What does not fit is left out by whole exchanges, the oldest first: an answer that asks for tools
and what the tools said stay together, or the provider would refuse them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from agentic.layers.base import jsonio
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L02_agent_runtime.errors import ContextFullError
from agentic.layers.L02_agent_runtime.step_parts import (
    calls_of,
    given,
    is_empty,
    message_of,
    object_of,
    result_of,
    said_in,
)

Message = dict[str, Any]

SUMMARY: Final = "summary"
"""The name of a step in which a model summarised what no longer fitted."""
CHARACTERS: Final = 4
"""Of text that make a token, until a model has counted."""
OVERHEAD: Final = 4
"""Tokens of a message beside its text."""
SHORTEST_RESULT: Final = 400
"""Characters to which a tool's result is never cut below."""


class Block(NamedTuple):
    """Messages that go together: one exchange."""

    messages: list[Message]
    through: int = 0
    """The number of the step of this run that it ends with; 0 when it is older than the run, or its input."""
    pinned: bool = False
    turn: int = 0
    """Which turn of the session it belongs to, the first being 1; 0 when it stands before them, or in this run."""


class Fitted(NamedTuple):
    """What is sent, and how much of the conversation is left out of it."""

    messages: list[Message]
    tokens: int
    """By the corrected measure."""
    raw: int
    """By the length of the text alone."""
    dropped: int


def input_messages(value: Any) -> list[Message]:
    """The input of a run as messages: a text, `{"messages": […]}`, or any JSON as its text."""
    messages: Any = object_of(value).get("messages")
    if isinstance(messages, list):
        return [dict(message) for message in cast("list[Message]", messages)]
    return [{"role": "user", "content": text_of(value)}]


def text_of(value: Any) -> str:
    """A value as a model reads it: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else jsonio.encode(value).decode()


def blocks_of(steps: Sequence[RunStep]) -> list[Block]:
    """What a run has done, exchange by exchange, in the order in which the model saw it.

    A message that came while the model was answering stands after that answer: the answer does not know of it.
    """
    results: dict[int, dict[int, RunStep]] = {}
    for step in steps:
        if step["kind"] == "tool":
            where = given(step)
            results.setdefault(where.get("asked", 0), {})[where.get("index", 0)] = step
    said = [step for step in steps if step["kind"] == "message"]
    blocks: list[Block] = []
    seen = 0
    for answer in answers_of(steps):
        before, seen = seen, int(given(answer).get("seen", answer["number"] - 1))
        blocks += [_said(step) for step in said if before < step["number"] <= seen]
        if not is_empty(answer):
            blocks.append(_exchange(answer, results.get(answer["number"], {})))
    return [*blocks, *(_said(step) for step in said if step["number"] > seen)]


def answers_of(steps: Sequence[RunStep]) -> list[RunStep]:
    """The model's answers, without summaries and failures."""
    return [
        step
        for step in steps
        if step["kind"] == "model" and step["status"] == "completed" and step["name"] != SUMMARY
    ]


def unseen_messages(steps: Sequence[RunStep]) -> bool:
    """Whether somebody has said something that no answer takes into account."""
    answers = answers_of(steps)
    seen = int(given(answers[-1]).get("seen", 0)) if answers else 0
    return any(step["kind"] == "message" and step["number"] > seen for step in steps)


def _said(step: RunStep) -> Block:
    return Block([{"role": "user", "content": text_of(said_in(step))}], step["number"])


def _exchange(answer: RunStep, results: Mapping[int, RunStep]) -> Block:
    told: Message = {"role": "assistant", "content": message_of(answer).get("content")}
    messages = [told]
    last = answer["number"]
    if calls := calls_of(answer):
        told["tool_calls"] = calls
        for index, call in enumerate(calls):
            step = results.get(index)
            content = "No result." if step is None else result_text(step)
            messages.append(
                {"role": "tool", "tool_call_id": call.get("id") or f"call_{index}", "content": content}
            )
            last = max(last, step["number"] if step else 0)
    return Block(messages, last)


def result_text(step: RunStep) -> str:
    """What the model reads of a tool's step."""
    if step["status"] == "completed":
        return text_of(result_of(step))
    error: Any = step["error"] or {}
    return f"Error ({error.get('status', 'error')}): {error.get('detail', 'no details')}"


def raw_tokens(value: Any) -> int:
    """About how many tokens a value is, by the length of its JSON."""
    return len(jsonio.encode(value)) // CHARACTERS + 1


def correction(steps: Sequence[RunStep]) -> float:
    """How many tokens the model counted for each of ours, by its last answer; 1 before the first."""
    for answer in reversed(answers_of(steps)):
        raw = given(answer).get("raw")
        if raw and answer["input_tokens"]:
            return min(4.0, max(0.25, answer["input_tokens"] / raw))
    return 1.0


class Window:
    """A model's context: what is sent must leave room for the answer."""

    def __init__(self, size: int, reply: int, tools: Sequence[Any], ratio: float, keep: int) -> None:
        self.size = size
        self._budget = max(size - reply, size // 4)
        self._ratio = ratio
        self._keep = keep
        self._tools = raw_tokens(list(tools)) if tools else 0

    def count(self, blocks: Sequence[Block]) -> tuple[int, int]:
        """The tokens of blocks and tools, by the corrected measure and by the length of the text alone."""
        raw = self._tools + sum(_raw(block) for block in blocks)
        return int(raw * self._ratio) + 1, raw

    def too_much(self, blocks: Sequence[Block]) -> bool:
        """Whether something has to be left out."""
        return self.count(blocks)[0] > self._budget

    def droppable(self, blocks: Sequence[Block]) -> list[Block]:
        """What may be left out, the oldest first: neither pinned nor among the last."""
        loose = [block for block in blocks if not block.pinned]
        return loose[: max(0, len(loose) - self._keep)]

    def to_drop(self, blocks: Sequence[Block]) -> list[Block]:
        """What is to be left out so that the rest fits, the oldest first."""
        over = self.count(blocks)[0] - self._budget
        dropped: list[Block] = []
        for block in self.droppable(blocks):
            if over <= 0:
                break
            over -= int(_raw(block) * self._ratio)
            dropped.append(block)
        return dropped

    def fit(self, blocks: Sequence[Block]) -> Fitted:
        """The messages of blocks, without as many of the old ones as must be left out.

        Raises:
            ContextFullError: the last exchanges alone are too much.
        """
        gone = {id(block) for block in self.to_drop(blocks)}
        kept = [block for block in blocks if id(block) not in gone]
        if self.too_much(kept):
            kept = self._with_short_results(kept)
        tokens, raw = self.count(kept)
        if tokens > self.size:
            raise ContextFullError(
                f"What the model must be told takes about {tokens} tokens, and it takes {self.size}.",
                tokens=tokens,
                context=self.size,
            )
        dropped = sum(len(block.messages) for block in blocks if id(block) in gone)
        return Fitted(list(_messages(kept, dropped)), tokens, raw, dropped)

    def _with_short_results(self, blocks: Sequence[Block]) -> list[Block]:
        results = sum(message["role"] == "tool" for block in blocks for message in block.messages)
        others = self._tools + sum(
            raw_tokens(message) for block in blocks for message in block.messages if message["role"] != "tool"
        )
        room = (self._budget / self._ratio - others) * CHARACTERS
        each = max(SHORTEST_RESULT, int(room / max(1, results)) - 80)
        return [block._replace(messages=[_shortened(m, each) for m in block.messages]) for block in blocks]


def _raw(block: Block) -> int:
    return sum(raw_tokens(message) + OVERHEAD for message in block.messages)


def _shortened(message: Message, length: int) -> Message:
    content = message.get("content")
    if message["role"] != "tool" or not isinstance(content, str) or len(content) <= length:
        return message
    half = length // 2
    left_out = len(content) - 2 * half
    return {
        **message,
        "content": f"{content[:half]}\n[… {left_out} characters left out …]\n{content[-half:]}",
    }


def _messages(blocks: Sequence[Block], dropped: int) -> Iterator[Message]:
    for block in blocks:
        for message in block.messages:
            if dropped and message["role"] == "system":
                # Said in the first message, because not every provider takes a second one of the system.
                note = f"\n\n[{dropped} earlier messages of this conversation are left out here.]"
                yield {**message, "content": f"{message['content']}{note}"}
                dropped = 0
            else:
                yield message


def summary_text(step: RunStep) -> str:
    """What a summary says."""
    return text_of(message_of(step).get("content") or "")


def is_covered(block: Block, summary: RunStep) -> bool:
    """Whether a summary tells what a block does."""
    covered = given(summary)
    if block.through:
        return block.through <= int(covered.get("through", 0))
    return not block.pinned and block.turn <= int(covered.get("turns", 0))
