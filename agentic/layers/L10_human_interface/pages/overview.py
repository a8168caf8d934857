"""The overview: figures, health, agents beside live events."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from agentic.layers.L10_human_interface import layer_health
from agentic.layers.L10_human_interface.web_site import Site

AGENTS: Final = 15
EVENTS: Final = 16


def routes(site: Site) -> APIRouter:
    """`/`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def overview(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        position, at_once = await site.log_now()
        figures, layers, agents, events = await asyncio.gather(
            site.figures.overview(),
            site.monitor.layers(),
            site.l01.agents.list(limit=AGENTS),
            site.l01.events.list(**at_once, limit=EVENTS),
        )
        return await site.page(
            request,
            "overview",
            title="Overview",
            current="overview",
            position=position,
            figures=figures,
            layers=layers,
            health_note=layer_health.summary(layers),
            agents=agents["items"],
            events=await site.rows.of_events(events["items"]),
        )

    return router
