"""Cassettes: all that a run heard from models and tools, recorded once, and told again without either.

`Recorder` and `Player` have the same two methods, one for each kind of traffic. A call is known again by what it asks, not by its place:
tools that run side by side, and child runs, need not come in the same order twice. Calls that ask the same get what was recorded in the
order in which it was. A call that was not recorded is refused with what differs from the one that was next.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

from agentic.layers.base.errors import PlatformError, from_problem
from agentic.layers.base.operation import Answer, Call, Operation
from agentic.layers.base.redaction import Redaction
from agentic.layers.base.tool_traffic import Outcome
from agentic.layers.L04_model_gateway.cassette_file import CassetteFile, CassetteWriter, Entry, Kind, read
from agentic.layers.L04_model_gateway.client import Backend
from agentic.layers.L04_model_gateway.errors import CassetteMismatchError, NoProviderError
from agentic.layers.L04_model_gateway.request_form import as_text, canonical, difference

Json = dict[str, Any]
OnPiece = Callable[[str], Awaitable[None] | None]
"""Is told each piece of the answer's text as it comes."""
Ask = Callable[[OnPiece], Awaitable[Json]]
"""Asks a model for real: tells the pieces, and returns the whole reply, JSON-ready."""

OURS: Final = frozenset({"usage_id"})
"""What of a reply means something in this installation only, and is not recorded."""
_KINDS: Final[dict[Kind, str]] = {"model": "model call", "tool": "tool call"}


class Traffic(Protocol):
    """What a recorder and a player both are: the way by which a run reaches models and tools."""

    async def ask(self, request: Mapping[str, Any], ask: Ask, on_piece: OnPiece | None = None) -> Json:
        """The reply of a model."""
        ...

    async def carry(
        self, name: str, arguments: Mapping[str, Any], execute: Callable[[], Awaitable[Outcome]]
    ) -> Outcome:
        """The outcome of a tool (`base.tool_traffic.ToolTraffic`)."""
        ...


class Recorder:
    """Lets everything through and writes it down, without secrets. Use it as a context manager, or close it."""

    def __init__(
        self, path: Path, about: Mapping[str, Any] | None = None, redaction: Redaction | None = None
    ) -> None:
        """Begins a new file.

        Raises:
            CassetteFileError: there is one of this name, or it cannot be made.
        """
        self._redaction = redaction or Redaction()
        self._writer = CassetteWriter(path, self._redaction.value(about or {}))
        self.begun = 0
        """Calls so far."""

    async def ask(self, request: Mapping[str, Any], ask: Ask, on_piece: OnPiece | None = None) -> Json:
        """Asks the model, tells the pieces on, and writes down what came; a refusal too.

        A call that is cancelled is not written: nobody saw what came of it.
        """
        number, asked = self._begin(canonical(request))
        pieces = list[str]()

        async def told(piece: str) -> None:
            pieces.append(piece)
            await tell(on_piece, piece)

        try:
            reply = await ask(told)
        except PlatformError as error:
            self._write(number, "model", asked, {"error": error.problem()})
            raise
        told_anew = {name: value for name, value in reply.items() if name not in OURS}
        self._write(number, "model", asked, {"pieces": self._clean(pieces), "reply": told_anew})
        return reply

    async def carry(
        self, name: str, arguments: Mapping[str, Any], execute: Callable[[], Awaitable[Outcome]]
    ) -> Outcome:
        """Executes the tool and writes down what came of it; a refusal too."""
        number, asked = self._begin({"name": name, "arguments": arguments})
        try:
            outcome = await execute()
        except PlatformError as error:
            self._write(number, "tool", asked, {"error": error.problem()})
            raise
        self._write(number, "tool", asked, {"outcome": outcome})
        return outcome

    def close(self) -> None:
        """Lets go of the file."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self, request: Json) -> tuple[int, Json]:
        """Its number and a copy: what was asked is what was asked now, whatever the caller makes of it meanwhile."""
        self.begun += 1
        return self.begun, self._redaction.value(copy.deepcopy(request))

    def _write(self, number: int, kind: Kind, request: Json, answer: Json) -> None:
        self._writer.write(Entry(number, kind, request, self._redaction.value(answer)))

    def _clean(self, pieces: list[str]) -> list[str]:
        """A secret may come in two pieces: then the text is told as one."""
        whole = "".join(pieces)
        clean = self._redaction.text(whole)
        return pieces if clean == whole else [clean]


class Player:
    """Answers from a cassette; reaches no model and runs no tool."""

    def __init__(self, cassette: CassetteFile, redaction: Redaction | None = None) -> None:
        self.cassette = cassette
        self._redaction = redaction or Redaction()
        self._unused: dict[int, Entry] = {entry.number: entry for entry in cassette.entries}
        self._by_request: dict[tuple[Kind, str], deque[Entry]] = {}
        for entry in cassette.entries:
            self._by_request.setdefault((entry.kind, as_text(entry.request)), deque()).append(entry)

    @classmethod
    def of(cls, path: Path, redaction: Redaction | None = None) -> Player:
        """A player of a file.

        Raises:
            CassetteFileError: it cannot be read.
        """
        return cls(read(path), redaction)

    @property
    def left(self) -> list[Entry]:
        """What was recorded and not asked for yet, in its order."""
        return list(self._unused.values())

    async def ask(self, request: Mapping[str, Any], ask: Ask, on_piece: OnPiece | None = None) -> Json:
        """The recorded reply, in the recorded pieces, or in one if it came whole; the recorded error is raised.

        Raises:
            CassetteMismatchError: the recording has no such call.
        """
        answer = self._take("model", canonical(request))
        for piece in answer["pieces"] or _as_one_piece(answer["reply"]):
            await tell(on_piece, piece)
        return answer["reply"]

    async def carry(
        self, name: str, arguments: Mapping[str, Any], execute: Callable[[], Awaitable[Outcome]]
    ) -> Outcome:
        """The recorded outcome; the recorded error is raised.

        Raises:
            CassetteMismatchError: the recording has no such call.
        """
        return self._take("tool", {"name": name, "arguments": arguments})["outcome"]

    def finish(self) -> None:
        """To be called at the end of a run.

        Raises:
            CassetteMismatchError: the recording goes on where the run has ended.
        """
        if self._unused:
            entry = self.left[0]
            raise CassetteMismatchError(
                f"The run ended before {_named(entry)}, which was recorded; {len(self._unused)} of "
                f"{len(self.cassette.entries)} calls were not asked for. It asked:\n{difference(None, entry.request)}",
                number=entry.number,
            )

    def _take(self, kind: Kind, request: Json) -> Json:
        asked = self._redaction.value(request)
        waiting = self._by_request.get((kind, as_text(asked)))
        if not waiting:
            raise self._mismatch(kind, asked)
        entry = waiting.popleft()
        del self._unused[entry.number]
        answer = copy.deepcopy(dict(entry.answer))
        if "error" in answer:
            raise from_problem(answer["error"])
        return answer

    def _mismatch(self, kind: Kind, asked: Json) -> CassetteMismatchError:
        expected = next((entry for entry in self._unused.values() if entry.kind == kind), None)
        if expected is None:
            count = sum(entry.kind == kind for entry in self.cassette.entries)
            told = f"The recording has {count} {_KINDS[kind]}s, and this is one more. It asks"
            return CassetteMismatchError(f"{told}:\n{difference(None, asked)}", number=None)
        told = f"This {_KINDS[kind]} was not recorded. It differs from {_named(expected)}, the next one of its kind"
        changes = difference(expected.request, asked)
        return CassetteMismatchError(f"{told}:\n{changes}", number=expected.number)


class CassetteBackend:
    """The backend of an `L04Client` whose completions and embeddings go through a recorder or come from a player.

    `l04 = L04Client(backend=CassetteBackend(recorder, l04.backend))`; a player needs no other backend below. What is replayed has no
    `usage_id`: nothing was reserved, as nothing is paid; its tokens and cost are those of the recording, so that a run's limits
    end it where they ended it.
    """

    def __init__(self, traffic: Traffic, below: Backend | None = None) -> None:
        self._traffic = traffic
        self._below = below

    async def complete(self, order: dict[str, Any], on_text: OnPiece | None) -> Any:
        """The reply to a `CompletionOrder`.

        Raises:
            CassetteMismatchError: the recording has no such call.
            PlatformError: as the gateway, or as it was recorded.
        """

        async def ask(told: OnPiece) -> Json:
            if self._below is None:
                raise NoProviderError
            return await self._below.complete(order, None if on_text is None else told)

        reply = await self._traffic.ask(order["request"], ask, on_text)
        return reply if order.get("task") == "embeddings" else {"usage_id": None, **reply}

    async def answer(self, operation: Operation, call: Call) -> Answer:
        """Other operations are those of the backend below."""
        if self._below is None:
            raise NoProviderError
        return await self._below.answer(operation, call)

    async def call(self, operation: Operation, call: Call) -> Any:
        """Other operations are those of the backend below."""
        if self._below is None:
            raise NoProviderError
        return await self._below.call(operation, call)

    async def close(self) -> None:
        """Lets go of what the backend below holds; the cassette is its owner's."""
        if self._below is not None:
            await self._below.close()


async def tell(on_piece: OnPiece | None, piece: str) -> None:
    """Tells a piece to who wants to hear it."""
    if on_piece is not None and (waiting := on_piece(piece)) is not None:
        await waiting


def _named(entry: Entry) -> str:
    name = f" of {entry.request.get('name')}" if entry.kind == "tool" else ""
    return f"call {entry.number} ({_KINDS[entry.kind]}{name})"


def _as_one_piece(reply: Json) -> list[str]:
    message: Json = reply.get("message") or {}
    return [message["content"]] if message.get("content") else []
