"""The routes of events. The names come before `/events/{id}`, which would take them for ids."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.event import (
    APPEND_EVENT,
    APPEND_EVENTS,
    EVENT_HEAD,
    EVENT_HISTOGRAM,
    EVENT_KINDS,
    GET_EVENT,
    LIST_EVENTS,
)
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with events."""
    events = services.events
    return [
        Route(LIST_EVENTS, events.list),
        Route(APPEND_EVENT, events.append),
        Route(APPEND_EVENTS, events.append_all),
        Route(EVENT_KINDS, services.event_statistics.kinds),
        Route(EVENT_HEAD, events.head),
        Route(EVENT_HISTOGRAM, services.event_statistics.histogram),
        Route(GET_EVENT, events.get),
    ]
