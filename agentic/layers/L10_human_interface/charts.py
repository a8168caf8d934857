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


def curves(
    series: Sequence[Sequence[float | None]], titles: Sequence[str], top: float | None = None
) -> Curves:
    """Lines through the middles of the columns; where there is no value, there is no line.

    The upper edge is `top`, or the highest value.
    """
    if top is None:
        top = max((value for values in series for value in values if value is not None), default=0)
    paths = [_path(values, top or 1) for values in series]
    return Curves(paths, _hits(titles), len(titles) * WIDE, TALL, top)


def thread(values: Sequence[float | None], top: float = 1) -> str:
    """A line through the values that there are, across the columns that have none, as one SVG path."""
    points = [(index, value) for index, value in enumerate(values) if value is not None]
    if len(points) < 2:
        return _path(values, top)
    return "M" + "L".join(
        f"{index * WIDE + WIDE / 2:.1f},{_height(value, top):.1f}" for index, value in points
    )


def dots(values: Sequence[float | None], top: float = 1) -> str:
    """A dot for each value, as one SVG path of lines without length, which round ends make visible."""
    return "".join(
        f"M{index * WIDE + WIDE / 2:.1f},{_height(value, top):.1f}h0"
        for index, value in enumerate(values)
        if value is not None
    )


def band(low: Sequence[float | None], high: Sequence[float | None], top: float = 1) -> str:
    """The area between two lines over the same columns, as one SVG path with a part for each stretch that has values."""
    path = ""
    stretch: list[tuple[float, float, float]] = []
    for index, (floor, ceiling) in enumerate([*zip(low, high, strict=True), (None, None)]):
        if floor is not None and ceiling is not None:
            stretch.append((index * WIDE + WIDE / 2, _height(floor, top), _height(ceiling, top)))
        elif stretch:
            path += _area(stretch)
            stretch = []
    return path


def _area(stretch: Sequence[tuple[float, float, float]]) -> str:
    if len(stretch) == 1:  # One alone is as wide as its dash.
        x, floor, ceiling = stretch[0]
        stretch = [(x - 2, floor, ceiling), (x + 2, floor, ceiling)]
    there = "L".join(f"{x:.1f},{ceiling:.1f}" for x, _, ceiling in stretch)
    back = "L".join(f"{x:.1f},{floor:.1f}" for x, floor, _ in reversed(stretch))
    return f"M{there}L{back}Z"


def _hits(titles: Sequence[str]) -> list[Column]:
    return [Column([], Bar(index * WIDE, 0, WIDE, TALL), title) for index, title in enumerate(titles)]


def _height(value: float, top: float) -> float:
    return TALL - PAD - value / top * (TALL - 2 * PAD)


def _path(values: Sequence[float | None], top: float) -> str:
    path, pen = "", False
    for index, value in enumerate(values):
        if value is None:
            pen = False
            continue
        x, y = index * WIDE + WIDE / 2, _height(value, top)
        # A single value between gaps is a short dash: a line of no length would not be seen.
        path += f"L{x:.1f},{y:.1f}" if pen else f"M{x - 2:.1f},{y:.1f}L{x + 2:.1f},{y:.1f}"
        pen = True
    return path
