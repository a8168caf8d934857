"""Goals: the list, and a new one."""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.base.common_errors import BrokenReferenceError, InvalidError
from agentic.layers.L10_human_interface.forms import SEE_OTHER, errors_of, text_in, value_of
from agentic.layers.L10_human_interface.goal_rows import goal_rows
from agentic.layers.L10_human_interface.goals_query import GoalsQuery
from agentic.layers.L10_human_interface.web_site import Site

PAGE: Final = 50
AGENTS: Final = 200
FIELDS: Final = ("description", "success_criteria", "priority", "agent_id", "parent_goal_id")
UNPROCESSABLE: Final = 422
PARENT: Final = {"title": "Goals and plans", "path": "/goals"}


def routes(site: Site) -> APIRouter:
    """`/goals` and `/goals/new`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/goals")
    async def goals(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _goals(site, request, GoalsQuery.of(request.query_params))

    @router.get("/goals/new")
    async def new(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        given = {name: request.query_params.get(name, "") for name in ("agent_id", "parent_goal_id")}
        return await _form_page(site, request, given, {})

    @router.post("/goals")
    async def create(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        return await _create(site, request)

    return router


async def _goals(site: Site, request: Request, query: GoalsQuery) -> HTMLResponse:
    position = site.hub.position
    page, by_status, notice = await asyncio.gather(
        site.l01.goals.list(**query.given(), limit=PAGE), site.figures.goals(), site.planning.notice()
    )
    return await site.page(
        request,
        "goals",
        title="Goals and plans",
        current="goals",
        position=position,
        filters=query.given(),
        query=query,
        agent=await site.rows.names.name(query.agent_id) if query.agent_id else "",
        goal_counts=by_status,
        goals=await goal_rows(site.rows.names, page["items"]),
        notice=notice,
        next=page["next_cursor"],
    )


async def _form_page(
    site: Site, request: Request, values: dict[str, str], errors: dict[str, str]
) -> HTMLResponse:
    agents = await site.l01.agents.list(limit=AGENTS)
    return await site.page(
        request,
        "new_goal",
        title="New goal",
        current="goals",
        position=site.hub.position,
        live=False,
        parent=PARENT,
        status=UNPROCESSABLE if errors else 200,
        values=values,
        errors=errors,
        agents=agents["items"],
    )


async def _create(site: Site, request: Request) -> Response:
    form = await request.form()
    values = {name: text_in(form, name) for name in FIELDS}
    try:
        goal = await site.l01.goals.create(**_fields(values))
    except (InvalidError, BrokenReferenceError) as error:
        return await _form_page(site, request, values, errors_of(error, FIELDS))
    site.figures.counts.forget()
    return RedirectResponse(f"/goals/{goal['id']}", SEE_OTHER)


def _fields(values: dict[str, str]) -> dict[str, Any]:
    """What was filled in, as the data layer takes it."""
    fields: dict[str, Any] = {name: value for name, value in values.items() if value}
    priority = values["priority"]
    fields["priority"] = int(priority) if priority.isascii() and priority.isdigit() else (priority or 5)
    fields["success_criteria"] = _criteria(values["success_criteria"])
    return {"description": "", **fields}


def _criteria(text: str) -> list[Any]:
    """A JSON list, or a text a line."""
    value = value_of(text) if text.startswith("[") else None
    if isinstance(value, list):
        return cast("list[Any]", value)
    return [line.strip() for line in text.splitlines() if line.strip()]
