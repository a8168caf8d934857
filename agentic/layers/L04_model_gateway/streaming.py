"""What a stream carries, whoever speaks: text, pieces of tool calls, the end, the usage; and lines out of bytes."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, Protocol

import msgspec

from agentic.layers.L04_model_gateway.upstream import GarbledError

LONGEST_LINE: Final = 8 * 1024 * 1024
MOST: Final = 2_147_483_647
"""What a column for tokens holds."""


class Tokens(NamedTuple):
    """What a provider counted. Input includes what was cached, output what was thought."""

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0


def count(value: Any) -> int:
    """A number of tokens as a provider tells it; what is none counts as none."""
    return min(value, MOST) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


class ToolPiece(NamedTuple):
    """A piece of a tool call: its first has id and name, all together have the text of the arguments."""

    number: int
    """Which of the calls of this answer, from 0."""
    id: str | None = None
    name: str | None = None
    arguments: str = ""


class Delta(NamedTuple):
    """What one event of a stream adds."""

    text: str = ""
    thought: str = ""
    tools: tuple[ToolPiece, ...] = ()
    finish: str | None = None
    """Why the answer ended, in OpenAI's words."""
    tokens: Tokens | None = None


class Reader(Protocol):
    """Understands the stream of one kind of provider."""

    finished: bool
    """The answer came to its end: a connection that ends now cuts nothing."""

    def feed(self, data: bytes) -> list[Delta]:
        """What these bytes add.

        Raises:
            GarbledError: they are none of this kind of stream.
            ProviderFailedError: the provider says in its stream that it failed.
        """
        ...


class Lines:
    """Whole lines out of pieces of bytes."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that end within `data`, without their ends.

        Raises:
            GarbledError: a line does not end.
        """
        lines = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LONGEST_LINE:
            raise GarbledError("A line of the stream does not end.")
        return lines

    def rest(self) -> bytes:
        """What is left at the end: a last line that nobody ended."""
        rest, self._rest = self._rest, b""
        return rest


class WithoutUsage:
    """Takes the event out of a stream that tells its usage: it was asked for by us, not by the caller."""

    def __init__(self) -> None:
        self._rest = b""
        self._end = b"\n\n"

    def feed(self, data: bytes) -> bytes:
        """The events that end within `data`, as they are, but for that one."""
        self._rest += data
        if b"\r\n\r\n" in self._rest:
            self._end = b"\r\n\r\n"
        events = self._rest.split(self._end)
        self._rest = events.pop()
        return b"".join(event + self._end for event in events if not _only_usage(event))

    def rest(self) -> bytes:
        """What is left at the end."""
        rest, self._rest = self._rest, b""
        return rest


class _Event(msgspec.Struct):
    choices: list[Any] | None = None
    usage: dict[str, Any] | None = None


def _only_usage(event: bytes) -> bool:
    if b'"usage"' not in event or not event.startswith(b"data:"):
        return False
    try:
        told = msgspec.json.decode(event[5:], type=_Event)
    except msgspec.MsgspecError:
        return False
    return told.choices == [] and told.usage is not None


class Collected:
    """A whole message in OpenAI's form, put together from the parts of a stream."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._thought: list[str] = []
        self._tools: dict[int, dict[str, Any]] = {}
        self.finish: str | None = None
        self.tokens: Tokens | None = None
        self.size = 0
        """Characters that came, of whatever kind: for an estimate when nobody counted."""

    def add(self, delta: Delta) -> None:
        """Adds what one event brought."""
        if delta.text:
            self._text.append(delta.text)
            self.size += len(delta.text)
        if delta.thought:
            self._thought.append(delta.thought)
            self.size += len(delta.thought)
        for piece in delta.tools:
            call = self._tools.setdefault(
                piece.number,
                {"id": "", "type": "function", "function": {"name": "", "arguments": ""}},
            )
            call["id"] = piece.id or call["id"]
            call["function"]["name"] = piece.name or call["function"]["name"]
            call["function"]["arguments"] += piece.arguments
            self.size += len(piece.arguments)
        self.finish = delta.finish or self.finish
        self.tokens = delta.tokens or self.tokens

    def message(self) -> dict[str, Any]:
        """The message."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._text) or None}
        if self._thought:
            message["reasoning_content"] = "".join(self._thought)
        if self._tools:
            message["tool_calls"] = [self._tools[index] for index in sorted(self._tools)]
        elif message["content"] is None:
            message["content"] = ""
        return message
