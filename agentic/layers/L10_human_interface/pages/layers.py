"""The health of the layers: as a graph, and as the numbers behind it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from agentic.layers.L10_human_interface import topology
from agentic.layers.L10_human_interface.web_site import Site


def routes(site: Site) -> APIRouter:
    """`/layers`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/layers")
    async def layers(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        position = site.hub.position
        return await site.page(
            request,
            "layers",
            title="Layer health",
            current="layers",
            position=position,
            needs_data=False,
            **await topology.shown(site),
        )

    return router
