"""Tools: which there are, how they do, whether they may be used, and each of their executions."""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.base import states
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.http import JsonResponse
from agentic.layers.L10_human_interface.formats import pretty, short_id
from agentic.layers.L10_human_interface.forms import SEE_OTHER, actor, back_from, text_in, value_of
from agentic.layers.L10_human_interface.step_record import events_of
from agentic.layers.L10_human_interface.tools_query import ExecutionsQuery
from agentic.layers.L10_human_interface.web_site import Site

PAGE: Final = 50
UNKNOWN: Final = 20
PARENT: Final = {"title": "Tools", "path": "/tools"}
OUTCOMES: Final = ("success", "error", "again")


def routes(site: Site) -> APIRouter:
    """`/tools`, one tool, and one execution: a page, beside the list, as JSON."""
    router = APIRouter(include_in_schema=False)

    @router.get("/tools")
    async def tools(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _tools(site, request, ExecutionsQuery.of(request.query_params))

    @router.get("/tools/{tool_id}")
    async def tool(request: Request, tool_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _tool(site, request, tool_id)

    @router.post("/tools/{tool_id}/enabled")
    async def enabled(request: Request, tool_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        form = await request.form()
        await site.l01.tools.update(tool_id, {"enabled": text_in(form, "enabled") == "yes"})
        site.tool_rows.tools.forget()
        return RedirectResponse(back_from(form, "/tools"), SEE_OTHER)

    @router.get("/executions/{execution_id}")
    async def execution(request: Request, execution_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        found = await _found(site, execution_id)
        return await site.page(
            request,
            "execution",
            title=found["row"].tool,
            current="tools",
            position=site.hub.position,
            live=False,
            parent=PARENT,
            **found,
        )

    @router.get("/executions/{execution_id}/peek")
    async def peek(request: Request, execution_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return site.renderer.render(request, "execution", "peek", **await _found(site, execution_id))

    @router.get("/executions/{execution_id}/json")
    async def execution_json(execution_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        return JsonResponse(pretty(await site.l01.tool_executions.get(execution_id)).encode())

    @router.post("/executions/{execution_id}/resolve")
    async def resolve(request: Request, execution_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        form = await request.form()
        await _resolve(site, execution_id, form)
        return RedirectResponse(back_from(form, f"/executions/{execution_id}"), SEE_OTHER)

    return router


async def _tools(site: Site, request: Request, query: ExecutionsQuery) -> HTMLResponse:
    position = site.hub.position
    opened = request.query_params.get("open")
    rows, page, unknown = await asyncio.gather(
        site.tool_rows.tools(),
        site.l01.tool_executions.list(**query.given(), limit=PAGE),
        site.l01.tool_executions.list(status="unknown", limit=UNKNOWN),
    )
    return await site.page(
        request,
        "tools",
        title="Tools",
        current="tools",
        position=position,
        filters=query.given(),
        query=query,
        tools=rows,
        statuses=tuple(states.TOOL_EXECUTION),
        tool_name=await site.tool_rows.name(query.tool_id) if query.tool_id else "",
        executions=await site.tool_rows.executions(page["items"]),
        unknown=await site.tool_rows.executions(unknown["items"]),
        next=page["next_cursor"],
        opened=await _found(site, opened) if opened else None,
    )


async def _tool(site: Site, request: Request, tool_id: str) -> HTMLResponse:
    position = site.hub.position
    query = ExecutionsQuery(tool_id=tool_id)
    row, page = await asyncio.gather(
        site.tool_rows.row(tool_id), site.l01.tool_executions.list(tool_id=tool_id, limit=PAGE)
    )
    return await site.page(
        request,
        "tool",
        title=row.tool["name"],
        current="tools",
        position=position,
        filters=query.given(),
        parent=PARENT,
        row=row,
        query=query,
        executions=await site.tool_rows.executions(page["items"]),
        next=page["next_cursor"],
    )


async def _found(site: Site, execution_id: str) -> dict[str, Any]:
    """One execution with what is behind it."""
    item = await site.l01.tool_executions.get(execution_id)
    row, events = await asyncio.gather(
        site.tool_rows.execution(item), events_of(site.l01, item["id"], item["approval_id"])
    )
    return {"row": row, "events": await site.rows.of_events(events), "named": short_id(execution_id)}


async def _resolve(site: Site, execution_id: str, form: FormData) -> None:
    """A person's word on how an execution ended, or that it is to be done again; the run that waits for it goes on.

    Raises:
        InvalidError: it says neither.
        StateError: it is known already.
    """
    outcome, said = text_in(form, "outcome"), text_in(form, "said")
    if outcome not in OUTCOMES:
        raise InvalidError.of(("outcome", f"not one of {', '.join(OUTCOMES)}"))
    output = value_of(said) if said and outcome == "success" else None
    error = said or None if outcome == "error" else None
    if (l03 := await site.runtime.tools()) is not None:
        await l03.resolve(execution_id, outcome, output=output, error=error, by=actor())
    elif outcome == "again":
        raise InvalidError.of(
            ("outcome", "the tool layer (L03) is needed to do it again, and does not answer")
        )
    else:
        await site.l01.tool_executions.resolve(execution_id, cast("Any", outcome), output, error)
