"""Feedback: the inbox, one entry, what is given where an answer stands, and what was done with it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.L10_human_interface.feedback_query import SHOWN, FeedbackQuery
from agentic.layers.L10_human_interface.feedback_rows import feedback_rows
from agentic.layers.L10_human_interface.forms import SEE_OTHER, back_from, text_in
from agentic.layers.L10_human_interface.opinions import give, process
from agentic.layers.L10_human_interface.step_record import events_of
from agentic.layers.L10_human_interface.web_site import Site

PAGE: Final = 50
PARENT: Final = {"title": "Feedback", "path": "/feedback"}


def routes(site: Site) -> APIRouter:
    """`/feedback`, and one entry."""
    router = APIRouter(include_in_schema=False)

    @router.get("/feedback")
    async def feedback(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _inbox(site, request, FeedbackQuery.of(request.query_params))

    @router.post("/feedback")
    async def given(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        form = await request.form()
        await give(site, form)
        site.figures.counts.forget()
        return RedirectResponse(back_from(form, "/feedback"), SEE_OTHER)

    @router.get("/feedback/{feedback_id}")
    async def one(request: Request, feedback_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        found = await _found(site, feedback_id)
        return await site.page(
            request,
            "opinion",
            title=found["row"].said[:60],
            current="feedback",
            position=site.hub.position,
            live=False,
            parent=PARENT,
            **found,
        )

    @router.get("/feedback/{feedback_id}/peek")
    async def peek(request: Request, feedback_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return site.renderer.render(request, "opinion", "peek", **await _found(site, feedback_id))

    @router.post("/feedback/{feedback_id}/process")
    async def processed(request: Request, feedback_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        form = await request.form()
        await process(site, feedback_id, text_in(form, "done"))
        site.figures.counts.forget()
        return RedirectResponse(back_from(form, "/feedback"), SEE_OTHER)

    return router


async def _inbox(site: Site, request: Request, query: FeedbackQuery) -> HTMLResponse:
    position = site.hub.position
    opened = request.query_params.get("open")
    page = await site.l01.feedback.list(**query.filters(), limit=PAGE)
    return await site.page(
        request,
        "feedback",
        title="Feedback",
        current="feedback",
        position=position,
        filters=query.given(),
        query=query,
        shown=[(value, label) for value, (label, _) in SHOWN.items()],
        names={"agent_id": await site.rows.names.name(query.agent_id)} if query.agent_id else {},
        rows=await feedback_rows(site.rows.names, page["items"]),
        next=page["next_cursor"],
        opened=await _found(site, opened) if opened else None,
    )


async def _found(site: Site, feedback_id: str) -> dict[str, Any]:
    """One entry with what is behind it."""
    item = await site.l01.feedback.get(feedback_id)
    rows, events = await asyncio.gather(
        feedback_rows(site.rows.names, [item]), events_of(site.l01, item["id"])
    )
    return {"row": rows[0], "events": await site.rows.of_events(events)}
