"""The files of an export: examples written one after the other, in JSON lines or Parquet, with a card that says what they are."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

from agentic.layers.base import jsonio
from agentic.layers.L07_learning.errors import NoParquetError
from agentic.layers.L07_learning.models import ExportedFile, ExportKind, FileFormat

Example = Mapping[str, Any]

CARD: Final = "README.md"
ROWS: Final = 1000
"""Examples of a row group of Parquet: those are what is held in memory."""
Kind = str | list["Kind"] | dict[str, "Kind"]
"""A type of a column: a text names one, a list holds what it is a list of, an object has members."""

_TEXT: Final = "string"
_CALL: Final[Kind] = {"id": _TEXT, "type": _TEXT, "function": {"name": _TEXT, "arguments": _TEXT}}
_MESSAGE: Final[Kind] = {
    "role": _TEXT,
    "content": _TEXT,
    "name": _TEXT,
    "tool_calls": [_CALL],
    "tool_call_id": _TEXT,
}
_LINEAGE: Final[Kind] = {
    "run_id": _TEXT,
    "rejected_run_id": _TEXT,
    "agent_id": _TEXT,
    "session_id": _TEXT,
    "feedback_ids": [_TEXT],
    "by": [_TEXT],
    "at": _TEXT,
}
_COMMON: Final[dict[str, Kind]] = {"tools": _TEXT, "lineage": _LINEAGE}
COLUMNS: Final[Mapping[ExportKind, dict[str, Kind]]] = {
    "sft": {"messages": [_MESSAGE], **_COMMON},
    "dpo": {"prompt": [_MESSAGE], "chosen": [_MESSAGE], "rejected": [_MESSAGE], **_COMMON},
    "kto": {"prompt": [_MESSAGE], "completion": [_MESSAGE], "label": "bool", **_COMMON},
}
"""The columns of each kind of export."""


class Writer(Protocol):
    """Writes examples into one file."""

    def write(self, example: Example) -> None:
        """The next example."""
        ...

    def close(self) -> ExportedFile:
        """Ends the file; it is on the disk then."""
        ...

    def abandon(self) -> None:
        """Lets go of the file, which is not whole."""
        ...


def require(file_format: FileFormat) -> None:
    """Returns when files of this format can be written here.

    Raises:
        NoParquetError: pyarrow is not installed.
    """
    if file_format == "parquet" and importlib.util.find_spec("pyarrow") is None:
        raise NoParquetError()


def writer(kind: ExportKind, file_format: FileFormat, folder: Path, split: str) -> Writer:
    """A new file for one part of an export."""
    file = folder / f"{split}.{file_format}"
    return JsonLines(file) if file_format == "jsonl" else Parquet(file, COLUMNS[kind])


class JsonLines:
    """One example a line."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._open = file.open("wb")
        self._examples = 0

    def write(self, example: Example) -> None:
        """The next example."""
        self._open.write(jsonio.encode(example) + b"\n")
        self._examples += 1

    def close(self) -> ExportedFile:
        """Ends the file; it is on the disk then."""
        self._open.close()
        return _described(self._file, self._examples)

    def abandon(self) -> None:
        """Lets go of the file, which is not whole."""
        self._open.close()


class Parquet:
    """Examples by columns, in groups of `ROWS`."""

    def __init__(self, file: Path, columns: Mapping[str, Kind]) -> None:
        self._arrow: Any = importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
        self._file = file
        members = [(name, _arrow_type(self._arrow, each)) for name, each in columns.items()]
        self._schema = self._arrow.schema(members)
        self._open = parquet.ParquetWriter(file, self._schema)
        self._rows: list[Example] = []
        self._examples = 0

    def write(self, example: Example) -> None:
        """The next example."""
        self._rows.append(example)
        self._examples += 1
        if len(self._rows) >= ROWS:
            self._flush()

    def close(self) -> ExportedFile:
        """Ends the file; it is on the disk then."""
        self._flush()
        self._open.close()
        return _described(self._file, self._examples)

    def abandon(self) -> None:
        """Lets go of the file, which is not whole."""
        self._open.close()

    def _flush(self) -> None:
        if self._rows:
            self._open.write_table(self._arrow.Table.from_pylist(self._rows, schema=self._schema))
            self._rows = []


def _arrow_type(arrow: Any, kind: Kind) -> Any:
    if isinstance(kind, list):
        return arrow.list_(_arrow_type(arrow, kind[0]))
    if isinstance(kind, dict):
        return arrow.struct([(name, _arrow_type(arrow, each)) for name, each in kind.items()])
    return arrow.bool_() if kind == "bool" else arrow.string()


def _described(file: Path, examples: int) -> ExportedFile:
    found = sha256()
    with file.open("rb") as content:
        while block := content.read(1024 * 1024):
            found.update(block)
        os.fsync(content.fileno())
        size = content.tell()
    return {"name": file.name, "examples": examples, "bytes": size, "sha256": found.hexdigest()}


def write_card(folder: Path, kind: ExportKind, splits: Mapping[str, str], told: str) -> None:
    """A dataset card, with the columns: so `load_dataset(folder)` need not guess them from the first lines."""
    lines = ["---", "configs:", "- config_name: default", "  data_files:"]
    for split, name in splits.items():
        lines += [f"  - split: {split}", f"    path: {name}"]
    lines += ["dataset_info:", "  features:", *_features(COLUMNS[kind], "  "), "---", "", told, ""]
    (folder / CARD).write_text("\n".join(lines), encoding="utf-8")


def _features(columns: Mapping[str, Kind], indent: str) -> list[str]:
    lines: list[str] = []
    for name, kind in columns.items():
        lines.append(f"{indent}- name: {name}")
        inner = kind[0] if isinstance(kind, list) else kind
        word = "list" if isinstance(kind, list) else "struct" if isinstance(kind, dict) else "dtype"
        if isinstance(inner, dict):
            lines += [f"{indent}  {word}:", *_features(inner, f"{indent}  ")]
        else:
            lines.append(f"{indent}  {word}: {inner}")
    return lines
