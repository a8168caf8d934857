"""One plan: its graph, its tasks, what is to be said of it before it runs, and what may be done with it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.L05_planning.client import L05Client
from agentic.layers.L10_human_interface.confirming import sure_page
from agentic.layers.L10_human_interface.event_query import EventsQuery
from agentic.layers.L10_human_interface.formats import short_id
from agentic.layers.L10_human_interface.forms import SEE_OTHER, text_in
from agentic.layers.L10_human_interface.goal_rows import plan_title, title_of
from agentic.layers.L10_human_interface.plan_page import context_of, task_record
from agentic.layers.L10_human_interface.plan_record import PlanRecord
from agentic.layers.L10_human_interface.web_site import Site
from agentic.layers.L10_human_interface.words import CANCEL_PLAN

PARENT: Final = {"title": "Goals and plans", "path": "/goals"}


def routes(site: Site) -> APIRouter:
    """`/plans/{id}`, its tasks, and its actions."""
    router = APIRouter(include_in_schema=False)

    @router.get("/plans/{plan_id}")
    async def plan(request: Request, plan_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _plan(site, request, plan_id)

    @router.get("/plans/{plan_id}/tasks/{key}")
    async def task(request: Request, plan_id: str, key: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        record = await PlanRecord.load(site.l01, plan_id)
        return await site.page(
            request,
            "task",
            title=key,
            current="goals",
            position=site.hub.position,
            live=False,
            parent={"title": f"Plan {short_id(plan_id)}", "path": f"/plans/{plan_id}"},
            found=await task_record(site, record, key),
        )

    @router.get("/plans/{plan_id}/tasks/{key}/peek")
    async def peek(request: Request, plan_id: str, key: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        record = await PlanRecord.load(site.l01, plan_id)
        return site.renderer.render(request, "task", "peek", found=await task_record(site, record, key))

    @router.get("/plans/{plan_id}/cancel")
    async def sure(request: Request, plan_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        record = await PlanRecord.load(site.l01, plan_id)
        return await sure_page(site, request, "goals", "plan", plan_id, plan_title(record.plan), CANCEL_PLAN)

    @router.post("/plans/{plan_id}/{action}")
    async def act(request: Request, plan_id: str, action: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        await _act(await site.planning.client(), plan_id, action, await request.form())
        site.figures.counts.forget()
        return RedirectResponse(f"/plans/{plan_id}", SEE_OTHER)

    return router


async def _plan(site: Site, request: Request, plan_id: str) -> HTMLResponse:
    position = site.hub.position
    as_of = EventsQuery.of(request.query_params).as_of
    record, then = await asyncio.gather(PlanRecord.load(site.l01, plan_id, as_of), site.moment_of(as_of))
    opened = request.query_params.get("open", "")
    found = await task_record(site, record, opened) if record.step(opened) else None
    goal = record.goal
    return await site.page(
        request,
        "plan",
        title=plan_title(record.plan),
        current="goals",
        position=position,
        live=as_of is None,
        filters={"plan_id": record.plan["id"]},
        parent={"title": title_of(goal)[:40], "path": f"/goals/{goal['id']}"} if goal else PARENT,
        as_of=as_of,
        then=then,
        opened=found,
        leaf=_leaf_of(request),
        **await context_of(site, record, now=as_of is None),
    )


def _leaf_of(request: Request) -> int:
    """Which leaf of the steps of a long plan is wanted, from 0."""
    text = request.query_params.get("leaf", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


async def _act(l05: L05Client, plan_id: str, action: str, form: FormData) -> Any:
    """Does what is wanted.

    Raises:
        NotFoundError: there is no such action.
        PlatformError: it cannot be done.
    """
    match action:
        case "approve":
            await l05.approve(plan_id)
        case "execute":
            await l05.execute(plan_id)
        case "pause":
            await l05.pause(plan_id)
        case "resume":
            await l05.resume(plan_id)
        case "cancel":
            await l05.cancel(plan_id, text_in(form, "reason") or None)
        case _:
            raise NotFoundError(f"There is no action {action!r}.")
