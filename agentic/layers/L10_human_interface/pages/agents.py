"""Agents: the list, and a new one."""

from __future__ import annotations

from typing import Any, Final, cast

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L10_human_interface.agents_query import AgentsQuery
from agentic.layers.L10_human_interface.forms import SEE_OTHER, errors_of
from agentic.layers.L10_human_interface.render import HEADERS
from agentic.layers.L10_human_interface.web_site import Site

PAGE: Final = 50
FIELDS: Final = ("name", "agent_type", "model", "instructions", "tools", "configuration")
UNPROCESSABLE: Final = 422
PARENT: Final = {"title": "Agents", "path": "/agents"}


def routes(site: Site) -> APIRouter:
    """`/agents` and `/agents/new`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/agents")
    async def agents(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _agents(site, request, AgentsQuery.of(request.query_params))

    @router.get("/agents/new")
    async def new(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _form_page(site, request, {}, {})

    @router.post("/agents")
    async def create(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        return await _create(site, request)

    return router


async def _agents(site: Site, request: Request, query: AgentsQuery) -> HTMLResponse:
    position = site.hub.position
    now = query.as_of is None
    page = await site.l01.agents.list(**query.given(), limit=PAGE, total=query.filtered and now)
    total = page.get("total", (await site.figures.counts()).agents) if now else None
    return await site.page(
        request,
        "agents",
        title="Agents",
        current="agents",
        position=position,
        live=now,
        filters=query.given(),
        then=await site.moment_of(query.as_of),
        query=query,
        agents=page["items"],
        total=total,
        next=page["next_cursor"],
    )


async def _form_page(
    site: Site, request: Request, values: dict[str, str], errors: dict[str, str]
) -> HTMLResponse:
    return await site.page(
        request,
        "new_agent",
        title="Create agent",
        current="agents",
        position=site.hub.position,
        live=False,
        parent=PARENT,
        status=UNPROCESSABLE if errors else 200,
        values=values,
        errors=errors,
        models=await site.models(),
    )


async def _create(site: Site, request: Request) -> Response:
    form = await request.form()
    values = {name: str(form.get(name, "")) for name in FIELDS}
    try:
        agent = await _made(site, values)
    except InvalidError as error:
        errors = errors_of(error, FIELDS)
        if "dialog" not in form:
            return await _form_page(site, request, values, errors)
        again = site.renderer.macro("macros/forms.html", "agent_dialog", values, errors)
        return HTMLResponse(again, UNPROCESSABLE, HEADERS)
    site.figures.counts.forget()
    if "dialog" not in form:
        return RedirectResponse(f"/agents/{agent['id']}", SEE_OTHER)
    return _created(site, agent)


async def _made(site: Site, values: dict[str, str]) -> Agent:
    """A new agent; the runtime, where it is there, looks at its configuration and starts it."""
    name, agent_type = values["name"].strip(), values["agent_type"].strip() or "general"
    configuration = {**_configuration(values["configuration"]), **_said(values)}
    if await site.runtime.there():
        l02 = await site.runtime.l02()
        return await l02.spawn(name, configuration, agent_type=agent_type)
    return await site.l01.agents.create(name=name, agent_type=agent_type, configuration=configuration)


def _said(values: dict[str, str]) -> dict[str, Any]:
    """What has a field of its own, as the configuration has it."""
    said: dict[str, Any] = {name: values[name].strip() for name in ("model", "instructions")}
    said["tools"] = [name.strip() for name in values["tools"].split(",") if name.strip()]
    return {name: value for name, value in said.items() if value}


def _configuration(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        value = jsonio.decode(text)
    except InvalidError as error:
        message = error.detail.removeprefix("body: not valid JSON: JSON is malformed: ")
        raise InvalidError.of(("configuration", f"Not valid JSON: {message}")) from None
    if not isinstance(value, dict):
        raise InvalidError.of(("configuration", 'Must be a JSON object, such as {"model": "llama3"}'))
    return cast("dict[str, Any]", value)


def _created(site: Site, agent: Agent) -> HTMLResponse:
    """An empty form again, the new row, a word that it is there, and where the focus goes."""
    parts = [
        site.renderer.macro("macros/forms.html", "agent_dialog"),
        site.renderer.macro("macros/toast.html", "agent_created", agent),
    ]
    told = jsonio.encode({"agent-created": {"id": agent["id"]}}).decode()
    return HTMLResponse("".join(parts), headers={**HEADERS, "HX-Trigger": told})
