"""Where the tasks of a plan stand in its graph: in columns, each to the right of all that it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

BOX_WIDTH: Final = 216
BOX_HEIGHT: Final = 60
ACROSS: Final = 56
"""Between two columns."""
DOWN: Final = 16
"""Between two rows."""
LANE: Final = 12
"""What a line takes that passes through a column."""
MARGIN: Final = 4
SWEEPS: Final = 4

Waits = Mapping[str, Sequence[str]]
"""What each task waits for, by their names."""


class Place(NamedTuple):
    """The upper left corner of a task's box, in the units of the view box."""

    x: int
    y: float


class Arrow(NamedTuple):
    """A line from a task to one that waits for it. One that goes back closes a circle, which no plan may have."""

    path: str
    back: bool


class Graph(NamedTuple):
    """The places of the tasks in reading order, and the lines between them."""

    places: dict[str, Place]
    arrows: list[Arrow]
    width: int
    height: int


class _Slot(NamedTuple):
    """What stands in a column: a task, or (with `to`) the line from it to another task, on its way."""

    name: str
    to: str = ""

    @property
    def height(self) -> int:
        return LANE if self.to else BOX_HEIGHT + DOWN


def graph_of(waits: Waits) -> Graph:
    """The graph of these tasks. What they wait for and is not among them is left out."""
    known = {name: [each for each in waits[name] if each in waits and each != name] for name in waits}
    order = {name: index for index, name in enumerate(_sorted(known))}
    ahead = {name: [each for each in known[name] if order[each] < order[name]] for name in order}
    column: dict[str, int] = {}
    for name in order:
        column[name] = max((column[each] + 1 for each in ahead[name]), default=0)
    columns = _untangled(_columns(column, ahead), ahead, column)
    tall = max((sum(slot.height for slot in slots) for slots in columns), default=0)
    middles = _middles(columns, tall)
    places = {
        slot.name: Place(_left(index), middles[index, slot] - BOX_HEIGHT / 2)
        for index, slots in enumerate(columns)
        for slot in slots
        if not slot.to
    }
    arrows = [Arrow(_path(each, name, column, middles), back=False) for name in order for each in ahead[name]]
    bottom = tall + 2 * MARGIN
    backwards = [(each, name) for name in order for each in known[name] if order[each] > order[name]]
    for number, (each, name) in enumerate(backwards, 1):
        arrows.append(Arrow(_back(places[each], places[name], bottom + number * LANE), back=True))
    width = _left(len(columns)) - ACROSS + MARGIN if columns else 0
    return Graph(places, arrows, width, bottom + (len(backwards) + 1) * LANE if backwards else bottom)


def _sorted(waits: Waits) -> list[str]:
    """The tasks, each after what it waits for; where they wait in a circle, the first of the rest goes first."""
    open_: dict[str, int] = {name: len(set(waits[name])) for name in waits}
    followers: dict[str, list[str]] = {name: [] for name in waits}
    for name, before in waits.items():
        for each in dict.fromkeys(before):
            followers[each].append(name)
    free = [name for name, count in open_.items() if not count]
    done: dict[str, None] = {}
    rest = iter(waits)
    while len(done) < len(waits):
        name = free.pop(0) if free else next(each for each in rest if each not in done)
        if name in done:
            continue
        done[name] = None
        for follower in followers[name]:
            open_[follower] -= 1
            if not open_[follower]:
                free.append(follower)
    return list(done)


def _columns(column: Mapping[str, int], ahead: Waits) -> list[list[_Slot]]:
    """Tasks and passing lines by column, as they come."""
    columns: list[list[_Slot]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for name, at in column.items():
        columns[at].append(_Slot(name))
        for each in ahead[name]:
            for between in range(column[each] + 1, at):
                columns[between].append(_Slot(each, name))
    return columns


def _untangled(columns: list[list[_Slot]], ahead: Waits, column: Mapping[str, int]) -> list[list[_Slot]]:
    """The columns with each slot near the middle of its neighbours, so that few lines cross."""
    left: dict[tuple[int, _Slot], list[_Slot]] = {}
    right: dict[tuple[int, _Slot], list[_Slot]] = {}
    for name, before in ahead.items():
        for each in before:
            way = [
                _Slot(each),
                *(_Slot(each, name) for _ in range(column[each] + 1, column[name])),
                _Slot(name),
            ]
            for index, (one, other) in enumerate(pairwise(way), column[each]):
                right.setdefault((index, one), []).append(other)
                left.setdefault((index + 1, other), []).append(one)
    for sweep in range(SWEEPS):
        forwards = sweep % 2 == 0
        neighbours, step = (left, -1) if forwards else (right, 1)
        indexes = range(1, len(columns)) if forwards else range(len(columns) - 2, -1, -1)
        for index in indexes:
            beside = {slot: place for place, slot in enumerate(columns[index + step])}
            middle = {
                slot: _mean([beside[each] for each in neighbours.get((index, slot), ())], place)
                for place, slot in enumerate(columns[index])
            }
            columns[index].sort(key=middle.__getitem__)
    return columns


def _mean(places: Sequence[int], otherwise: int) -> float:
    return sum(places) / len(places) if places else float(otherwise)


def _middles(columns: Sequence[Sequence[_Slot]], tall: int) -> dict[tuple[int, _Slot], float]:
    """How far down the middle of each slot of each column is; every column stands in the middle of the whole."""
    found: dict[tuple[int, _Slot], float] = {}
    for index, slots in enumerate(columns):
        y = MARGIN + (tall - sum(slot.height for slot in slots)) / 2
        for slot in slots:
            found[index, slot] = y + slot.height / 2
            y += slot.height
    return found


def _left(column: int) -> int:
    return MARGIN + column * (BOX_WIDTH + ACROSS)


def _path(begin: str, end: str, column: Mapping[str, int], middles: Mapping[tuple[int, _Slot], float]) -> str:
    first, last = column[begin], column[end]
    x, y = _left(first) + BOX_WIDTH, middles[first, _Slot(begin)]
    path = f"M{x},{y:g}"
    for index in range(first + 1, last):
        lane = middles[index, _Slot(begin, end)]
        path += f"{_curve(x, y, _left(index), lane)}H{_left(index) + BOX_WIDTH}"
        x, y = _left(index) + BOX_WIDTH, lane
    return path + _curve(x, y, _left(last), middles[last, _Slot(end)])


def _back(begin: Place, end: Place, below: float) -> str:
    """A line below all boxes."""
    out, into = begin.x + BOX_WIDTH / 2 + LANE, end.x + BOX_WIDTH / 2 - LANE
    return f"M{out:g},{begin.y + BOX_HEIGHT:g}V{below:g}H{into:g}V{end.y + BOX_HEIGHT:g}"


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    middle = (x1 + x2) / 2
    return f"C{middle:g},{y1:g} {middle:g},{y2:g} {x2:g},{y2:g}"
