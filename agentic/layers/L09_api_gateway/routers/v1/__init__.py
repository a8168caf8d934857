"""`/api/v1`: operations of the data layer, passed on as they are.

Each file lists what clients may do with one kind of record. What an operation takes and answers is said once, by its
declaration in the data layer, which also validates it; the gateway adds keys, callers' own idempotency keys, and totals.
"""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L09_api_gateway.passing import Client
from agentic.layers.L09_api_gateway.routers.v1 import agents, events, goals, plans, tasks


def routes_by_section(client: Client) -> dict[str, list[Route]]:
    """Every route of `/api/v1`, by section of the documentation."""
    return {
        "agents": agents.routes(client),
        "goals": goals.routes(client),
        "plans": plans.routes(client),
        "tasks": tasks.routes(client),
        "events": events.routes(client),
    }
