"""Where something came from and what came of it: the whole chain on one page, from any of its ids."""

from __future__ import annotations

from typing import Any, Final, cast
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.models.lineage import KINDS, LineageKind
from agentic.layers.L10_human_interface.formats import short_id
from agentic.layers.L10_human_interface.forms import SEE_OTHER
from agentic.layers.L10_human_interface.lineage_page import COST_AFTER, LOOKS, stages_of
from agentic.layers.L10_human_interface.web_site import Site

PARENT: Final = {"title": "Lineage", "path": "/lineage"}
UNPROCESSABLE: Final = 422


def routes(site: Site) -> APIRouter:
    """`/lineage`, and that of one record."""
    router = APIRouter(include_in_schema=False)

    @router.get("/lineage")
    async def ask(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        record_id = request.query_params.get("id", "").strip()
        if not record_id:
            return await _ask(site, request)
        try:
            kind = await _kind_of(site, record_id)
        except (InvalidError, NotFoundError) as error:
            return await _ask(site, request, record_id, error)
        return RedirectResponse(f"/lineage/{kind}/{quote(record_id, safe='')}", SEE_OTHER)

    @router.get("/lineage/{kind}/{record_id}")
    async def lineage(request: Request, kind: str, record_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _lineage(site, request, kind, record_id)

    return router


async def _kind_of(site: Site, record_id: str) -> str:
    """What kind of record has this id, as its events say.

    Raises:
        NotFoundError: none that has a lineage.
    """
    events = (await site.l01.events.list(aggregate_id=record_id, limit=1))["items"]
    if not events or events[0]["aggregate_type"] not in KINDS:
        raise NotFoundError(f"Nothing that has a lineage has the id {record_id}.")
    return events[0]["aggregate_type"]


async def _ask(
    site: Site, request: Request, record_id: str = "", error: PlatformError | None = None
) -> HTMLResponse:
    return await site.page(
        request,
        "find_lineage",
        title="Lineage",
        current="lineage",
        position=site.hub.position,
        live=False,
        status=UNPROCESSABLE if error else 200,
        record_id=record_id,
        error=error,
    )


async def _lineage(site: Site, request: Request, kind: str, record_id: str) -> HTMLResponse:
    lineage = await site.l01.lineage(cast("LineageKind", kind), record_id)
    cost: Any = lineage["cost"]
    return await site.page(
        request,
        "lineage",
        title=f"{LOOKS[kind].one} {short_id(record_id)}",
        current="lineage",
        position=site.hub.position,
        live=False,
        parent=PARENT,
        stages=await stages_of(site, lineage),
        cost=cost,
        cost_after=COST_AFTER,
        more=lineage["more"],
        kind=kind,
        record_id=lineage["id"],
    )
