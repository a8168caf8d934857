"""The dashboard's data as JSON, as the specification gives it (part 10)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from typing_extensions import TypedDict

from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L10_human_interface.web_site import Site


class DashboardAgents(TypedDict):
    """The newest agents; `count` is how many there are in all."""

    agents: list[Agent]
    count: int


class DashboardStats(TypedDict):
    """How many agents and events there are."""

    agent_count: int
    event_count: int
    agents_by_status: dict[str, int]


def routes(site: Site) -> APIRouter:
    """`/dashboard/agents` and `/dashboard/stats`."""
    router = APIRouter(prefix="/dashboard", tags=["dashboard"])

    @router.get("/agents")
    async def agents(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> DashboardAgents:  # pyright: ignore[reportUnusedFunction]
        """The newest agents."""
        page = await site.l01.agents.list(limit=limit, total=True)
        return {"agents": page["items"], "count": page.get("total") or len(page["items"])}

    @router.get("/stats")
    async def stats() -> DashboardStats:  # pyright: ignore[reportUnusedFunction]
        """Counts, asked for now."""
        counts = await site.figures.count()
        by_status = {status: count for status, count in counts.by_status.items() if count}
        return {"agent_count": counts.agents, "event_count": counts.events, "agents_by_status": by_status}

    return router
