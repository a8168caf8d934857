"""One goal: its plans, its parts, what is done for it and what came of it."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.L10_human_interface.confirming import sure_page
from agentic.layers.L10_human_interface.forms import SEE_OTHER
from agentic.layers.L10_human_interface.goal_page import FINAL, head_of
from agentic.layers.L10_human_interface.goal_rows import goal_rows, plan_rows, title_of
from agentic.layers.L10_human_interface.pages.goals import PARENT
from agentic.layers.L10_human_interface.web_site import Site
from agentic.layers.L10_human_interface.words import CANCEL_GOAL

PLANS: Final = 20
RUNS: Final = 8


def routes(site: Site) -> APIRouter:
    """`/goals/{id}`, and its end."""
    router = APIRouter(include_in_schema=False)

    @router.get("/goals/{goal_id}")
    async def goal(request: Request, goal_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _goal(site, request, goal_id)

    @router.get("/goals/{goal_id}/cancel")
    async def sure(request: Request, goal_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        goal = await site.l01.goals.get(goal_id)
        return await sure_page(site, request, "goals", "goal", goal_id, title_of(goal), CANCEL_GOAL)

    @router.post("/goals/{goal_id}/cancel")
    async def cancel(goal_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        await _cancel(site, goal_id)
        return RedirectResponse(f"/goals/{goal_id}", SEE_OTHER)

    return router


async def _goal(site: Site, request: Request, goal_id: str) -> HTMLResponse:
    position = site.hub.position
    goal = await site.l01.goals.get(goal_id)
    plans, parts, runs, head, notice = await asyncio.gather(
        site.l01.plans.list(goal_id=goal["id"], limit=PLANS),
        site.l01.goals.list(parent_goal_id=goal["id"], limit=PLANS),
        site.l01.runs.list(goal_id=goal["id"], limit=RUNS),
        head_of(site, goal),
        site.planning.notice(),
    )
    return await site.page(
        request,
        "goal",
        title=title_of(goal),
        current="goals",
        position=position,
        filters={"goal_id": goal["id"]},
        parent=PARENT,
        plans=await plan_rows(site.rows.names, plans["items"]),
        more_plans=plans["next_cursor"],
        parts=await goal_rows(site.rows.names, parts["items"]),
        more_parts=parts["next_cursor"],
        runs=await site.run_rows.of(runs["items"]),
        more_runs=runs["next_cursor"],
        notice=notice,
        **head,
    )


async def _cancel(site: Site, goal_id: str) -> None:
    """With the plans that are being carried out for it, which end their goal themselves."""
    executing = await site.l01.plans.list(goal_id=goal_id, status="executing")
    if executing["items"]:
        l05 = await site.planning.client()
        for plan in executing["items"]:
            await l05.cancel(plan["id"])
    goal = await site.l01.goals.get(goal_id)
    if goal["status"] not in FINAL:
        await site.l01.goals.update(goal_id, {"status": "cancelled"})
    site.figures.counts.forget()
