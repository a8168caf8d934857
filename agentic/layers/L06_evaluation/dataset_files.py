"""Items from the text of a file: JSON lines, or a table with commas. A line that is none is named, with the reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple, cast

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L06_evaluation.models import FileOrder, LeftOut

KNOWN: Final = ("input", "expected", "metadata", "split", "person")
Row = tuple[int, Mapping[str, Any] | str]
"""Where it stands, and what stands there: the members of an item, or what is wrong."""


class Read(NamedTuple):
    """What a file holds."""

    items: list[dict[str, Any]]
    left_out: list[LeftOut]


def read(order: FileOrder) -> Read:
    """The items of a file, and the lines that are none."""
    items: list[dict[str, Any]] = []
    left_out: list[LeftOut] = []
    for line, row in _rows(order.text.removeprefix("\ufeff"), order.format):
        try:
            items.append(_item(row, order))
        except InvalidError as error:
            left_out.append({"source": f"line {line}", "reason": error.detail})
    return Read(items, left_out)


def _rows(text: str, form: Literal["jsonl", "csv"]) -> Iterator[Row]:
    return _json_lines(text) if form == "jsonl" else _table(text)


def _json_lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = jsonio.decode(line)
        except InvalidError as error:
            yield number, error.detail
            continue
        yield number, cast("dict[str, Any]", row) if isinstance(row, dict) else "not a JSON object"


def _table(text: str) -> Iterator[Row]:
    table = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    try:
        for cells in table:
            if header is None:
                header = [name.strip() for name in cells]
            elif cells:
                fits = len(cells) == len(header)
                told = f"{len(cells)} cells, where the header has {len(header)}"
                yield table.line_num, dict(zip(header, cells, strict=True)) if fits else told
    except csv.Error as error:
        yield table.line_num, f"not CSV: {error}"


def _item(row: Mapping[str, Any] | str, order: FileOrder) -> dict[str, Any]:
    if isinstance(row, str):
        raise InvalidError(row)
    if order.input not in row:
        raise InvalidError(f"there is no {order.input!r}")
    places = {"input": order.input, "expected": order.expected}
    item = {name: row[places.get(name, name)] for name in KNOWN if places.get(name, name) in row}
    if order.format == "csv":
        item = {name: value for name, value in item.items() if name != "metadata" and value != ""}
    beside = {name: value for name, value in row.items() if name not in (*KNOWN, *places.values())}
    metadata = item.get("metadata", {})
    if not isinstance(metadata, dict):
        raise InvalidError("metadata: not a JSON object")
    item["metadata"] = {**cast("dict[str, Any]", metadata), **beside}
    if order.split is not None:
        item.setdefault("split", order.split)
    return item
