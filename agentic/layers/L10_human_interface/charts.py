"""The geometry of the charts: plain numbers that the templates put into SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

WIDTH = 240
HEIGHT = 32
PAD = 2


class Line(NamedTuple):
    """A line over an area, as two SVG paths."""

    line: str
    area: str


class Bar(NamedTuple):
    """One bar of a histogram, in the units of its view box."""

    x: float
    y: float
    width: float
    height: float


def sparkline(values: Sequence[float]) -> Line:
    """The values from left to right; all of them at the bottom when they are all zero."""
    top = max(values, default=0) or 1
    step = WIDTH / max(len(values) - 1, 1)
    points = [
        f"{index * step:.1f},{HEIGHT - PAD - value / top * (HEIGHT - 2 * PAD):.1f}"
        for index, value in enumerate(values)
    ]
    path = "M" + "L".join(points) if points else f"M0,{HEIGHT - PAD}H{WIDTH}"
    return Line(path, f"{path}V{HEIGHT}H0Z")


def bars(values: Sequence[int], height: float = 56, gap: float = 1) -> list[Bar]:
    """A bar for each value, ten units apart; one that is not zero is always visible."""
    top = max(values, default=0) or 1
    found: list[Bar] = []
    for index, value in enumerate(values):
        tall = max(value / top * height, 1.5) if value else 0
        found.append(Bar(index * 10 + gap / 2, round(height - tall, 2), 10 - gap, round(tall, 2)))
    return found


class Column(NamedTuple):
    """One column of a chart: its parts from the bottom up, each with the number of its series."""

    parts: list[tuple[int, Bar]]
    hit: Bar
    title: str


class Columns(NamedTuple):
    """Columns side by side, `WIDE` units each."""

    columns: list[Column]
    width: int
    height: int
    top: float
    """The value at the upper edge."""


class Curves(NamedTuple):
    """Lines over the same columns, one SVG path for each series."""

    paths: list[str]
    columns: list[Column]
    width: int
    height: int
    top: float


WIDE = 10
TALL = 96


def columns(series: Sequence[Sequence[float]], titles: Sequence[str]) -> Columns:
    """Series of the same length, stacked."""
    sums = [sum(values) for values in zip(*series, strict=True)]
    top = max(sums, default=0)
    found: list[Column] = []
    for index, title in enumerate(titles):
        parts: list[tuple[int, Bar]] = []
        floor = float(TALL)
        for number, values in enumerate(series):
            tall = values[index] / (top or 1) * (TALL - PAD)
            if tall > 0:
                tall = max(tall, 1)
                floor -= tall
                parts.append((number, Bar(index * WIDE + 1, round(floor, 2), WIDE - 2, round(tall, 2))))
        found.append(Column(parts, Bar(index * WIDE, 0, WIDE, TALL), title))
    return Columns(found, len(titles) * WIDE, TALL, top)


def curves(series: Sequence[Sequence[float | None]], titles: Sequence[str]) -> Curves:
    """Lines through the middles of the columns; where there is no value, there is no line."""
    top = max((value for values in series for value in values if value is not None), default=0)
    hits = [Column([], Bar(index * WIDE, 0, WIDE, TALL), title) for index, title in enumerate(titles)]
    return Curves([_path(values, top or 1) for values in series], hits, len(titles) * WIDE, TALL, top)


def _path(values: Sequence[float | None], top: float) -> str:
    path, pen = "", False
    for index, value in enumerate(values):
        if value is None:
            pen = False
            continue
        x, y = index * WIDE + WIDE / 2, TALL - PAD - value / top * (TALL - 2 * PAD)
        # A single value between gaps is a short dash: a line of no length would not be seen.
        path += f"L{x:.1f},{y:.1f}" if pen else f"M{x - 2:.1f},{y:.1f}L{x + 2:.1f},{y:.1f}"
        pen = True
    return path
