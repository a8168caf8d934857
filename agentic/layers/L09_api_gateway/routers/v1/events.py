"""`/api/v1/events`."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.event import APPEND_EVENT, GET_EVENT, LIST_EVENTS
from agentic.layers.L09_api_gateway.passing import Client, passed_on


def routes(client: Client) -> list[Route]:
    """What clients may do with events."""
    return [passed_on(client, operation) for operation in (LIST_EVENTS, APPEND_EVENT, GET_EVENT)]
