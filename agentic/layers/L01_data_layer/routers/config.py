"""The routes of configuration."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.config import (
    CONFIG_HISTORY,
    CONFIG_NAMESPACES,
    DELETE_CONFIG,
    GET_CONFIG,
    LIST_CONFIG,
    RESTORE_CONFIG,
    SET_CONFIG,
)
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with configuration."""
    config = services.config
    return [
        Route(CONFIG_NAMESPACES, config.namespaces),
        Route(LIST_CONFIG, config.list),
        Route(GET_CONFIG, config.get),
        Route(SET_CONFIG, config.set),
        Route(DELETE_CONFIG, config.delete),
        Route(CONFIG_HISTORY, config.versions),
        Route(RESTORE_CONFIG, config.restore),
    ]
