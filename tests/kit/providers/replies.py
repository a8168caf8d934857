"""What a scripted provider answers: a text, tool calls, or one of the ways in which providers fail."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Fault = Literal["hang", "drop", "rubbish", "huge"]


@dataclass(frozen=True)
class Tool:
    """A call of a tool that the model wants made."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    id: str = "call_1"

    @property
    def arguments_text(self) -> str:
        """The arguments as a model writes them."""
        return json.dumps(dict(self.arguments))


@dataclass(frozen=True)
class Reply:
    """One answer. The same reply is spoken in whichever form the request's address asks for, whole or as a stream."""

    text: str = "Hello there, friend."
    tools: Sequence[Tool] = ()
    input_tokens: int = 11
    output_tokens: int = 7
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    finish_reason: str | None = None
    """As OpenAI calls it; none: `stop`, or `tool_calls` when there are some."""
    delay: float = 0.0
    """Seconds before the first byte."""
    pause: float = 0.0
    """Seconds before each chunk of a stream."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    fault: Fault | None = None
    after: int = 0
    """Chunks of a stream that are sent before the fault. 0 of an answer that is none: nothing is."""
    size: int = 0
    """Bytes of a huge answer."""
    vectors: Sequence[Sequence[float]] = ((0.1, 0.2, 0.3),)
    """What an embedding answers: one for each input, the last one again for the rest."""

    @property
    def pieces(self) -> list[str]:
        """The text in the pieces in which it is streamed: words with the space before them."""
        first, *others = self.text.split(" ")
        return [first, *(f" {word}" for word in others)] if self.text else []

    @property
    def finish(self) -> str:
        """Why it ended, as OpenAI says it."""
        return self.finish_reason or ("tool_calls" if self.tools else "stop")


def hangs(after: int = 0) -> Reply:
    """Says nothing (or the first `after` chunks), and keeps the connection."""
    return Reply(fault="hang", after=after)


def drops(after: int = 0) -> Reply:
    """Cuts the connection, at once or after so many chunks of a stream."""
    return Reply(fault="drop", after=after)


def rubbish(after: int = 0) -> Reply:
    """Answers 200 with what is neither JSON nor an event."""
    return Reply(fault="rubbish", after=after)


def huge(size: int = 200 * 1024 * 1024) -> Reply:
    """An answer of so many bytes, a JSON text or a stream; it ends only there."""
    return Reply(fault="huge", size=size)


def rate_limited(retry_after: str | None = "1") -> Reply:
    """429, with a `Retry-After` unless that is none."""
    return Reply(status=429, headers={} if retry_after is None else {"retry-after": retry_after})


def broken(status: int = 500) -> Reply:
    """An error of the provider's own."""
    return Reply(status=status)
