"""A subscription as it is shown: what is stored of it, and how it fares where it runs."""

from __future__ import annotations

from agentic.layers.L01_data_layer.models.subscription import Subscription as Stored
from agentic.layers.L11_integration import models
from agentic.layers.L11_integration.follower import Subscriber


def of_running(
    subscriber: Subscriber, stored: Stored | None, head: int, notified: models.Notified | None
) -> models.Subscription:
    """One that runs, when the newest event is at `head`; without what is stored, one of the platform's own."""
    position = subscriber.cursor.position
    return {
        "id": stored and stored["id"],
        "name": subscriber.name,
        "kind": stored["kind"] if stored else "handler",
        "pattern": subscriber.wanted.pattern.text,
        "filter": stored["filter"] if stored else {},
        "target": stored["target"] if stored else {},
        "form": stored["form"] if stored else "event",
        "enabled": True,
        "reason": None,
        "status": subscriber.status,
        "position": position,
        "lag": _lag(position, head),
        "attempts": subscriber.attempts,
        "delivered": subscriber.delivered,
        "parked": subscriber.parked,
        "held": subscriber.held,
        "last_error": subscriber.last_error,
        "notified": notified,
    }


def of_stored(stored: Stored, head: int, position: int | None, status: models.Status) -> models.Subscription:
    """One that does not run here."""
    return {
        "id": stored["id"],
        "name": stored["name"],
        "kind": stored["kind"],
        "pattern": stored["event_type"],
        "filter": stored["filter"],
        "target": stored["target"],
        "form": stored["form"],
        "enabled": stored["enabled"],
        "reason": stored["reason"],
        "status": status,
        "position": position,
        "lag": _lag(position, head),
        "attempts": 0,
        "delivered": 0,
        "parked": 0,
        "held": 0,
        "last_error": None,
        "notified": None,
    }


def _lag(position: int | None, head: int) -> int | None:
    return None if position is None else max(0, head - position)
