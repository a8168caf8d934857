"""The routes of what the integration layer keeps: subscriptions, hooks, deliveries, secrets, streams."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.bus_stream import ADD_TO_STREAM
from agentic.layers.L01_data_layer.models.delivery import FORGET_DELIVERIES, LIST_DELIVERIES, NOTE_DELIVERIES
from agentic.layers.L01_data_layer.models.signing_secret import GET_SECRET, SET_SECRET
from agentic.layers.L01_data_layer.routers.crud import crud
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with them."""
    deliveries, secrets = services.deliveries, services.signing_secrets
    return [
        *crud(services.subscriptions),
        *crud(services.hooks),
        Route(NOTE_DELIVERIES, deliveries.note),
        Route(FORGET_DELIVERIES, deliveries.forget),
        Route(LIST_DELIVERIES, deliveries.list),
        Route(GET_SECRET, secrets.get),
        Route(SET_SECRET, secrets.set),
        Route(ADD_TO_STREAM, services.bus_streams.add),
    ]
