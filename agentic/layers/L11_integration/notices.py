"""The platform's own subscribers: one for agents, one for tools, one for planning, as the specification routes events.

What each was told last, and how much, is seen at `GET /subscriptions`.
"""

from __future__ import annotations

from typing import Final

from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L11_integration.follower import reference
from agentic.layers.L11_integration.models import EventReference, Notified

CATEGORIES: Final = {
    "agent": "agent.*",
    "tool": "tool.*, tool_execution.*",
    "planning": "goal.*, plan.*, task.*",
}
MOST_KINDS: Final = 100
OTHERS: Final = "*"


class Notices:
    """What one category was told. Anybody may publish any type of event, so there is a bound to the types counted."""

    def __init__(self) -> None:
        self._count = 0
        self._kinds: dict[str, int] = {}
        self._last: EventReference | None = None

    async def __call__(self, event: Event) -> None:
        """Takes note of an event."""
        kind = event["event_type"]
        if kind not in self._kinds and len(self._kinds) >= MOST_KINDS:
            kind = OTHERS
        self._count += 1
        self._kinds[kind] = self._kinds.get(kind, 0) + 1
        self._last = reference(event)

    def report(self) -> Notified:
        """What was told so far."""
        return {"count": self._count, "kinds": dict(self._kinds), "last_event": self._last}
