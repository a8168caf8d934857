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
