"""The forms that a plan has had: each change of its steps, as the log tells it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, cast

from agentic.layers.L10_human_interface.web_site import Site

LOOKED_AT: Final = 200
"""Events of a plan, the newest, among which its versions are looked for; most others tell how far it is."""


class PlanVersion(NamedTuple):
    """One form of a plan."""

    position: int | None
    at: str
    by: str
    size: int
    event_id: str


async def versions_of(site: Site, plan_id: str) -> list[PlanVersion]:
    """The versions, the newest first."""
    newest = await site.l01.events.list(aggregate_id=plan_id, limit=LOOKED_AT)
    events = newest["items"]
    if newest["next_cursor"] is not None:
        first = await site.l01.events.list(aggregate_id=plan_id, order="asc", limit=1)
        events = [*events, *first["items"]]
    found: list[PlanVersion] = []
    for event in events:
        payload = cast("dict[str, Any]", event["payload"]) if isinstance(event["payload"], dict) else {}
        if isinstance(steps := payload.get("steps"), list):
            size = len(cast("list[Any]", steps))
            by = str(event["metadata"].get("actor") or "")
            found.append(PlanVersion(event["position"], event["created_at"], by, size, event["id"]))
    return found
