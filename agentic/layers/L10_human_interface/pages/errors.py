"""The errors of the platform, where the `type` of every problem leads."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from agentic.layers.base.error_catalogue import by_layer
from agentic.layers.L10_human_interface.web_site import Site


def routes(site: Site) -> APIRouter:
    """`/errors`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/errors")
    async def errors(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await site.page(
            request,
            "errors",
            title="Error codes",
            current="",
            position=site.hub.position,
            live=False,
            needs_data=False,
            ranges=by_layer(),
        )

    return router
