"""How many rules have led to an event: its causes, back to where nothing was the cause.

An event names its cause, or belongs to something that has one: what happens in a run was caused by what began the run.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.event import Event

RULE: Final = "rule "
"""How the events that a rule brings about begin the name of their actor."""
STEPS_A_RULE: Final = 20
"""Causes that are looked at, for each rule that may be among them: a chain that is longer is not followed to its end."""


async def rules_before(l01: L01Client, event: Event, most: int) -> int:
    """How many rules are among the causes of an event; counting ends at `most`."""
    count, seen = 0, set[str]()
    at: Event | None = event
    while at is not None and at["id"] not in seen and len(seen) < most * STEPS_A_RULE:
        seen.add(at["id"])
        if str(at["metadata"].get("actor", "")).startswith(RULE):
            count += 1
            if count >= most:
                break
        at = await _cause_of(l01, at)
    return count


async def _cause_of(l01: L01Client, event: Event) -> Event | None:
    metadata = event["metadata"]
    cause = _uuid(metadata.get("causation_id"))
    if cause is not None:
        try:
            return await l01.events.get(cause)
        except NotFoundError:
            pass
    whole = _uuid(metadata.get("correlation_id"))
    if whole is not None and whole != event["aggregate_id"]:
        first = await _first_of(l01, whole)
        if first is not None:
            return first
    return await _first_of(l01, event["aggregate_id"]) if event["version"] > 1 else None


async def _first_of(l01: L01Client, aggregate_id: str) -> Event | None:
    items = (await l01.events.list(aggregate_id=aggregate_id, after=0, limit=1))["items"]
    return items[0] if items else None


def _uuid(value: Any) -> str | None:
    try:
        return str(UUID(str(value)))
    except ValueError:
        return None
