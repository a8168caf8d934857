"""One agent: what it is asked and answers, its runs, what happened to it, what it used, and what may be done with it."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Literal

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L10_human_interface.conversation import conversation
from agentic.layers.L10_human_interface.event_query import EventsQuery
from agentic.layers.L10_human_interface.forms import SEE_OTHER, required_in, text_in, value_of
from agentic.layers.L10_human_interface.usage_query import UsageQuery
from agentic.layers.L10_human_interface.web_site import Site
from agentic.layers.L10_human_interface.words import TERMINATE, agent_actions

PAGE: Final = 50
RUNS: Final = 20
PARENT: Final = {"title": "Agents", "path": "/agents"}
CONVERSATION: Final = "conversation"

Tab = Literal["runs", "timeline", "sessions", "usage", "configuration"]
TABS: Final[tuple[tuple[Tab, str], ...]] = (
    ("runs", "Runs"),
    ("timeline", "Timeline"),
    ("sessions", "Sessions"),
    ("usage", "Usage"),
    ("configuration", "Configuration"),
)
IN_THE_PAST: Final = ("timeline", "configuration")
"""What can be shown as it was."""


def routes(site: Site) -> APIRouter:
    """`/agents/{id}` with its tabs, and what is done there."""
    router = APIRouter(include_in_schema=False)

    @router.get("/agents/{agent_id}")
    async def runs(request: Request, agent_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        past = EventsQuery.of(request.query_params).as_of is not None
        return await _agent(site, request, agent_id, "timeline" if past else "runs")

    @router.get("/agents/{agent_id}/timeline")
    async def timeline(request: Request, agent_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _agent(site, request, agent_id, "timeline")

    @router.get("/agents/{agent_id}/sessions")
    async def sessions(request: Request, agent_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _agent(site, request, agent_id, "sessions")

    @router.get("/agents/{agent_id}/usage")
    async def usage(request: Request, agent_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _agent(site, request, agent_id, "usage")

    @router.get("/agents/{agent_id}/configuration")
    async def configuration(request: Request, agent_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _agent(site, request, agent_id, "configuration")

    @router.get("/agents/{agent_id}/terminate")
    async def terminate(request: Request, agent_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        agent = await site.l01.agents.get(agent_id)
        name = f"Terminate {agent['name']}"
        return await _form(site, request, "terminate", name, agent, action=TERMINATE)

    _actions(site, router)
    return router


def _actions(site: Site, router: APIRouter) -> None:
    @router.get("/agents/{agent_id}/run")
    async def run_form(request: Request, agent_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        agent, models, notice = await asyncio.gather(
            site.l01.agents.get(agent_id), site.models(), site.runtime.notice()
        )
        return await _form(site, request, "new_run", "A new run", agent, models=models, notice=notice)

    @router.post("/agents/{agent_id}/runs")
    async def run(request: Request, agent_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        return await _run(site, agent_id, await request.form())

    @router.post("/agents/{agent_id}/chat")
    async def chat(request: Request, agent_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        return await _chat(site, agent_id, await request.form())

    @router.post("/agents/{agent_id}/status")
    async def status(request: Request, agent_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        await _move(site, agent_id, text_in(await request.form(), "status"))
        site.figures.counts.forget()
        return RedirectResponse(f"/agents/{agent_id}", SEE_OTHER)


async def _agent(site: Site, request: Request, agent_id: str, shown: Tab) -> HTMLResponse:
    position = site.hub.position
    as_of = EventsQuery.of(request.query_params).as_of
    session = request.query_params.get("session") or None if shown == "runs" else None
    agent, then, notice = await asyncio.gather(
        site.l01.agents.get(agent_id, as_of=as_of), site.moment_of(as_of), site.runtime.notice()
    )
    filters = {"aggregate_id": agent["id"], "tab": shown, **({"session": session} if session else {})}
    return await site.page(
        request,
        "agent",
        title=agent["name"],
        current="agents",
        position=position,
        live=as_of is None,
        filters=filters,
        parent=PARENT,
        agent=agent,
        actions=agent_actions(agent["status"]) if as_of is None else [],
        as_of=as_of,
        then=then,
        views=_views(agent["id"], as_of),
        shown=shown,
        notice=notice if shown == "runs" else "",
        **await _TABS[shown](site, request, agent["id"], as_of),
    )


def _views(agent_id: str, as_of: str | None) -> list[dict[str, str]]:
    at = f"?as_of={as_of}" if as_of else ""
    return [
        {
            "name": name,
            "title": title,
            "path": f"/agents/{agent_id}{'' if name == 'runs' else f'/{name}'}{at}",
        }
        for name, title in TABS
        if as_of is None or name in IN_THE_PAST
    ]


async def _runs_tab(site: Site, request: Request, agent_id: str, _: str | None) -> dict[str, Any]:
    session = request.query_params.get("session") or None
    page = await site.l01.runs.list(agent_id=agent_id, limit=RUNS)
    return {
        "runs": await site.run_rows.of(page["items"]),
        "talk": await conversation(site, session) if session else None,
        "next": page["next_cursor"],
    }


async def _timeline_tab(site: Site, _: Request, agent_id: str, as_of: str | None) -> dict[str, Any]:
    timeline = EventsQuery(aggregate_id=agent_id, aggregate_type="agent", as_of=as_of)
    page = await site.l01.events.list(**timeline.filters(), **timeline.page, limit=PAGE, total=as_of is None)
    return {
        "events": await site.rows.of_events(page["items"]),
        "total": page.get("total"),
        "next": page["next_cursor"],
    }


async def _sessions_tab(site: Site, request: Request, agent_id: str, _: str | None) -> dict[str, Any]:
    cursor = request.query_params.get("cursor") or None
    page = await site.l01.sessions.list(agent_id=agent_id, limit=PAGE, cursor=cursor)
    return {"sessions": page["items"], "next": page["next_cursor"], "cursor": cursor}


async def _usage_tab(site: Site, request: Request, agent_id: str, _: str | None) -> dict[str, Any]:
    query = UsageQuery.of({**request.query_params, "agent_id": agent_id})
    return {"sums": await site.usage.of(query), "query": query}


async def _configuration_tab(*_: Any) -> dict[str, Any]:
    return {}


_TABS: Final = {
    "runs": _runs_tab,
    "timeline": _timeline_tab,
    "sessions": _sessions_tab,
    "usage": _usage_tab,
    "configuration": _configuration_tab,
}


async def _form(
    site: Site, request: Request, page: str, title: str, agent: Agent, **context: Any
) -> HTMLResponse:
    return await site.page(
        request,
        page,
        title=title,
        current="agents",
        position=site.hub.position,
        live=False,
        parent={"title": agent["name"], "path": f"/agents/{agent['id']}"},
        agent=agent,
        **context,
    )


async def _run(site: Site, agent_id: str, form: FormData) -> Response:
    """A run on one input, outside any session."""
    l02 = await site.runtime.l02()
    model = text_in(form, "model")
    changes: dict[str, Any] = {"configuration": {"model": model}} if model else {}
    run = await l02.run(agent_id, value_of(required_in(form, "input")), **changes)
    site.figures.counts.forget()
    return RedirectResponse(f"/runs/{run['id']}", SEE_OTHER)


async def _chat(site: Site, agent_id: str, form: FormData) -> Response:
    """A run in a session: the one that is given, or a new one."""
    l02 = await site.runtime.l02()
    content = required_in(form, "content")
    session = text_in(form, "session")
    if not session:
        session = (await site.l01.sessions.create(agent_id=agent_id, session_type=CONVERSATION))["id"]
    await l02.run(agent_id, content, session_id=session)
    site.figures.counts.forget()
    return RedirectResponse(f"/agents/{agent_id}?session={session}", SEE_OTHER)


async def _move(site: Site, agent_id: str, status: str) -> None:
    """Through the runtime, which sees to the agent's runs; where there is none, they stand still anyhow.

    Raises:
        InvalidError: there is no such state.
        StateError: the agent cannot become that.
    """
    if not await site.runtime.there():
        await site.l01.agents.update(agent_id, {"status": status})
        return
    l02 = await site.runtime.l02()
    match status:
        case "active":
            agent = await site.l01.agents.get(agent_id)
            await (l02.resume if agent["status"] == "suspended" else l02.start)(agent_id)
        case "suspended":
            await l02.suspend(agent_id)
        case "terminated":
            await l02.terminate(agent_id)
        case _:
            raise InvalidError.of(("status", "not one of active, suspended, terminated"))
