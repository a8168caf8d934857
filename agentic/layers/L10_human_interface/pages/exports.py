"""Exports: files of examples, made of what people and evaluators said of runs."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L10_human_interface.forms import SEE_OTHER, required_in, text_in
from agentic.layers.L10_human_interface.improvements_query import ExportsQuery
from agentic.layers.L10_human_interface.web_site import Site

PAGE: Final = 50
CHOICES: Final = 200
PARENT: Final = {"title": "Datasets", "path": "/datasets"}


def routes(site: Site) -> APIRouter:
    """`/exports`, and the files below it."""
    router = APIRouter(include_in_schema=False)

    @router.get("/exports")
    async def exports(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _exports(site, request, ExportsQuery.of(request.query_params))

    @router.post("/exports")
    async def begin(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        l07 = await site.beside.learning.client()
        form = await request.form()
        await l07.export(required_in(form, "kind"), **order_in(form))
        return RedirectResponse("/exports", SEE_OTHER)

    @router.get("/exports/{export_id}/files/{name}")
    async def file(export_id: str, name: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        pieces = await (await site.beside.learning.client()).export_file(export_id, name)
        saved = {"content-disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(pieces, media_type="application/octet-stream", headers=saved)

    return router


async def _exports(site: Site, request: Request, query: ExportsQuery) -> HTMLResponse:
    position = site.hub.position
    page, notice, agents = await asyncio.gather(
        site.l01.exports.list(**query.given(), limit=PAGE),
        site.beside.learning.notice(),
        site.l01.agents.list(limit=CHOICES),
    )
    return await site.page(
        request,
        "exports",
        title="Exports",
        current="datasets",
        position=position,
        filters=query.given(),
        parent=PARENT,
        query=query,
        exports=page["items"],
        next=page["next_cursor"],
        notice=notice,
        agents=agents["items"],
    )


def order_in(form: FormData) -> dict[str, Any]:
    """An export as a person asked for it.

    Raises:
        InvalidError: the share is no number.
    """
    share = text_in(form, "test")
    try:
        test = float(share) if share else None
    except ValueError:
        raise InvalidError.of(("test", "a part between 0 and 1")) from None
    return {
        "file_format": text_in(form, "file_format") or None,
        "agent_id": text_in(form, "agent_id") or None,
        "name": text_in(form, "name") or None,
        "test": test,
    }
