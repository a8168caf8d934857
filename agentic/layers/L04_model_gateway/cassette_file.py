"""The file of a cassette: JSON lines, the first of which says what it is.

    {"cassette": 1, "made_at": "2026-11-26T10:00:00Z", "about": {…}}
    {"number": 1, "kind": "model", "request": {…}, "pieces": ["Hel", "lo"], "reply": {…}}
    {"number": 2, "kind": "tool", "request": {"name": …, "arguments": {…}}, "outcome": {…}}
    {"number": 3, "kind": "model", "request": {…}, "error": {"code": "E4…", …}}

`number` is the order in which the calls were begun; they stand in the order in which they ended. A reader of version 1 refuses other
versions. Nothing else is in it: no headers, no keys, no identifiers of this installation.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any, Final, Literal, cast

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L04_model_gateway.errors import CassetteFileError

VERSION: Final = 1
Kind = Literal["model", "tool"]
_ANSWERS: Final[dict[Kind, tuple[str, str]]] = {"model": ("reply", "error"), "tool": ("outcome", "error")}


@dataclass(frozen=True)
class Entry:
    """One call and what came of it: `reply` (with its `pieces`), `outcome`, or `error`."""

    number: int
    kind: Kind
    request: Mapping[str, Any]
    answer: Mapping[str, Any]


@dataclass(frozen=True)
class CassetteFile:
    """What a file holds, in the order in which the calls were begun."""

    made_at: str
    about: Mapping[str, Any]
    entries: list[Entry] = field(default_factory=list[Entry])
    cut: bool = False
    """Its last line was not written to the end: who recorded was killed at that moment."""


def read(path: Path) -> CassetteFile:
    """Reads a whole file.

    Raises:
        CassetteFileError: it is not there, no cassette, of another version, or damaged; it says in which line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CassetteFileError(f"{path} cannot be read: {error.strerror}.") from error
    *lines, rest = content.split(b"\n")
    if not lines:
        raise CassetteFileError(f"{path} is not a cassette: it has no whole line.")
    head = _object(path, 1, lines[0])
    if head.get("cassette") != VERSION:
        told = f"has version {head['cassette']}" if "cassette" in head else "is not a cassette"
        raise CassetteFileError(f"{path} {told}; this platform reads cassettes of version {VERSION}.")
    entries = [_entry(path, number, line) for number, line in enumerate(lines[1:], 2) if line.strip()]
    entries.sort(key=lambda entry: entry.number)
    return CassetteFile(str(head.get("made_at")), head.get("about") or {}, entries, bool(rest))


def _object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        value = jsonio.decode(line)
    except InvalidError as error:
        raise CassetteFileError(f"{path}, line {number}: {error.detail}") from error
    if not isinstance(value, dict):
        raise CassetteFileError(f"{path}, line {number}: a JSON object is expected.")
    return cast("dict[str, Any]", value)


def _entry(path: Path, number: int, line: bytes) -> Entry:
    told = _object(path, number, line)
    try:
        kind: Kind = told.pop("kind")
        entry = Entry(int(told.pop("number")), kind, dict(told.pop("request")), told)
        complete = any(isinstance(told.get(name), dict) for name in _ANSWERS[kind])
    except (KeyError, TypeError, ValueError) as error:
        raise CassetteFileError(f"{path}, line {number}: {error!r} in a call that was recorded.") from error
    if not complete:
        raise CassetteFileError(f"{path}, line {number}: it does not say what came of the call.")
    return entry


class CassetteWriter:
    """Writes a new file, a line at once. Close it."""

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        """Makes the file, which only its owner may read.

        Raises:
            CassetteFileError: there is one of this name, or it cannot be made.
        """
        self.path = path
        try:
            self._file: FileIO = open(path, "xb", buffering=0, opener=_private)  # noqa: SIM115
        except FileExistsError as error:
            raise CassetteFileError(f"{path} exists already; a recording never replaces another.") from error
        except OSError as error:
            raise CassetteFileError(f"{path} cannot be written: {error.strerror}.") from error
        made_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self._write({"cassette": VERSION, "made_at": made_at, "about": about})

    def write(self, entry: Entry) -> None:
        """Adds a call.

        Raises:
            CassetteFileError: it cannot be written, as when the disk is full.
        """
        self._write({"number": entry.number, "kind": entry.kind, "request": entry.request, **entry.answer})

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        try:
            rest = jsonio.encode(line) + b"\n"
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise CassetteFileError(f"{self.path} cannot be written: {error.strerror}.") from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
