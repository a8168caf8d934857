"""Runs: the list, and two of them side by side."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from agentic.layers.L10_human_interface.differences import differences
from agentic.layers.L10_human_interface.runs_query import RunsQuery
from agentic.layers.L10_human_interface.web_site import Site

PAGE: Final = 50
PARENT: Final = {"title": "Runs", "path": "/runs"}


def routes(site: Site) -> APIRouter:
    """`/runs`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/runs")
    async def runs(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _runs(site, request, RunsQuery.of(request.query_params))

    @router.get("/runs/compare")
    async def compare(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        chosen = {name: request.query_params.get(name, "").strip() for name in ("a", "b")}
        return await _compare(site, request, chosen["a"], chosen["b"])

    return router


async def _runs(site: Site, request: Request, query: RunsQuery) -> HTMLResponse:
    position = site.hub.position
    page, by_status, notice, agent = await asyncio.gather(
        site.l01.runs.list(**query.given(), limit=PAGE),
        site.figures.runs(),
        site.runtime.notice(),
        _agent_name(site, query),
    )
    return await site.page(
        request,
        "runs",
        title="Runs",
        current="runs",
        position=position,
        filters=query.given(),
        query=query,
        agent=agent,
        run_counts=by_status,
        runs=await site.run_rows.of(page["items"]),
        notice=notice,
        next=page["next_cursor"],
    )


async def _compare(site: Site, request: Request, a: str, b: str) -> HTMLResponse:
    """Two runs side by side. Which steps are the same is the runtime's to say."""
    notice = await site.runtime.notice()
    shown = None
    if a and b and not notice:
        l02 = await site.runtime.l02()
        runs = await asyncio.gather(site.l01.runs.get(a), site.l01.runs.get(b))
        comparison = await l02.compare(a, b)
        shown = differences(comparison, *(run["configuration"] for run in runs))
    return await site.page(
        request,
        "compare",
        title="Two runs",
        current="runs",
        position=site.hub.position,
        live=False,
        parent=PARENT,
        a=a,
        b=b,
        shown=shown,
        notice=notice,
    )


async def _agent_name(site: Site, query: RunsQuery) -> str:
    return await site.rows.names.name(query.agent_id) if query.agent_id else ""
