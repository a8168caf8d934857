"""The dashboard's list of layers, which it has without importing them, is that of the platform."""

from __future__ import annotations

from agentic.layers.L10_human_interface.layer_health import BY_ID
from agentic.platform.catalogue import CATALOGUE, layer_class


def test_the_dashboard_knows_every_layer_as_it_is() -> None:
    classes = {layer_id: layer_class(layer_id) for layer_id in CATALOGUE}
    there = {layer_id: (cls.port, cls.requires) for layer_id, cls in classes.items()}
    assert {known.id: (known.port, known.requires) for known in BY_ID.values()} == there
