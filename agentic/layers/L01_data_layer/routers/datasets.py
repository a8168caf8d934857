"""The routes of datasets, their items, and experiments on them."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.dataset import ADD_TO_DATASET, REMOVE_FROM_DATASET
from agentic.layers.L01_data_layer.routers.crud import crud
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with datasets and experiments."""
    return [
        *crud(services.datasets),
        *crud(services.dataset_items),
        Route(ADD_TO_DATASET, services.datasets.add_items),
        Route(REMOVE_FROM_DATASET, services.datasets.remove_items),
        *crud(services.experiments),
        *crud(services.experiments.results),
    ]
