"""The routes of sessions and their checkpoints."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.models.session import HEARTBEAT, RESTORE_SESSION, STALE_SESSIONS
from agentic.layers.L01_data_layer.routers.crud import crud
from agentic.layers.L01_data_layer.services import Services


def routes(services: Services) -> list[Route]:
    """What may be done with sessions."""
    sessions = services.sessions
    return [
        Route(STALE_SESSIONS, sessions.stale),
        *crud(sessions),
        Route(HEARTBEAT, sessions.heartbeat),
        Route(RESTORE_SESSION, sessions.restore),
        *crud(sessions.checkpoints),
    ]
