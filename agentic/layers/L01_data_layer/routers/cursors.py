"""The routes of cursors."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.cursor import GET_CURSOR, LIST_CURSORS, SET_CURSOR
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with cursors."""
    cursors = services.cursors
    return [
        Route(LIST_CURSORS, cursors.list),
        Route(GET_CURSOR, cursors.get),
        Route(SET_CURSOR, cursors.set),
    ]
