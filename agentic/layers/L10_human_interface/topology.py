"""Where the layers stand in their graph: each above what it requires."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from agentic.layers.L10_human_interface.layer_health import SAMPLES, Measured, summary
from agentic.layers.L10_human_interface.web_site import Site

WIDTH: Final = 960
BOX_WIDTH: Final = 170
BOX_HEIGHT: Final = 56
STEP: Final = 104


class Node(NamedTuple):
    """A layer and the corner of its box."""

    layer: Measured
    x: float
    y: float


class Graph(NamedTuple):
    """Boxes and the lines between them, in the units of the view box."""

    nodes: list[Node]
    edges: list[str]
    width: int
    height: int
    box_width: int
    box_height: int
    label: str


def graph_of(layers: Sequence[Measured]) -> Graph:
    """The graph of these layers; the ones that need nothing are at the bottom."""
    there = {layer.id: layer for layer in layers}
    heights = {layer_id: _height(layer_id, there) for layer_id in there}
    top = max(heights.values(), default=0)
    nodes: dict[str, Node] = {}
    for height in range(top + 1):
        row = [layer for layer_id, layer in there.items() if heights[layer_id] == height]
        for index, layer in enumerate(row):
            x = WIDTH * (index + 0.5) / len(row) - BOX_WIDTH / 2
            nodes[layer.id] = Node(layer, round(x, 1), (top - height) * STEP + 1)
    edges = [
        _edge(nodes[layer.id], nodes[below]) for layer in layers for below in layer.requires if below in nodes
    ]
    label = "; ".join(f"{layer.id} {layer.title}: {layer.word.label}" for layer in layers)
    return Graph(
        list(nodes.values()), edges, WIDTH, top * STEP + BOX_HEIGHT + 2, BOX_WIDTH, BOX_HEIGHT, label
    )


def _height(layer_id: str, there: dict[str, Measured]) -> int:
    return max((1 + _height(below, there) for below in there[layer_id].requires if below in there), default=0)


def _edge(upper: Node, lower: Node) -> str:
    x1, y1 = upper.x + BOX_WIDTH / 2, upper.y + BOX_HEIGHT
    x2, y2 = lower.x + BOX_WIDTH / 2, lower.y
    middle = (y1 + y2) / 2
    return f"M{x1:.1f},{y1:.1f}C{x1:.1f},{middle:.1f} {x2:.1f},{middle:.1f} {x2:.1f},{y2:.1f}"


async def shown(site: Site) -> dict[str, Any]:
    """What the page of the layers shows of them."""
    layers, last = await asyncio.gather(site.monitor.layers(), site.last_events())
    return {
        "layers": layers,
        "last": last,
        "graph": graph_of(layers),
        "health_note": summary(layers),
        "interval": f"{site.monitor.interval:g}",
        "samples": SAMPLES,
    }
