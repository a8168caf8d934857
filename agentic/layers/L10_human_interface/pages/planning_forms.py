"""How a goal gets a plan, and how a plan gets other steps: plain forms."""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.base.common_errors import InvalidError, StaleVersionError
from agentic.layers.base.errors import PlatformError
from agentic.layers.L05_planning.client import errors
from agentic.layers.L10_human_interface.formats import pretty
from agentic.layers.L10_human_interface.forms import SEE_OTHER, required_in, text_in, value_of
from agentic.layers.L10_human_interface.goal_rows import title_of
from agentic.layers.L10_human_interface.web_site import Site

WAYS: Final = ("model", "template", "steps")
FIELDS: Final = ("way", "model", "instructions", "template", "parameters", "steps", "plan_type")
PLAN_TYPES: Final = ("dag", "sequential", "parallel")
PATIENCE: Final = 2.0
"""Seconds that the form waits for a model; after that the plan comes to the goal's page when it is made."""
UNPROCESSABLE: Final = 422
REFUSALS: Final = (
    InvalidError,
    StaleVersionError,
    errors.PlanRefusedError,
    errors.BegunError,
    errors.TemplateError,
)
"""What is said beside the form: something else may be filled in."""


def routes(site: Site) -> APIRouter:
    """`/goals/{id}/plan` and `/plans/{id}/edit`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/goals/{goal_id}/plan")
    async def form(request: Request, goal_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _plan_form(site, request, goal_id, {})

    @router.post("/goals/{goal_id}/plan")
    async def make(request: Request, goal_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        given = await request.form()
        try:
            return RedirectResponse(await _make(site, goal_id, given), SEE_OTHER)
        except REFUSALS as error:
            values = {name: text_in(given, name) for name in FIELDS}
            return await _plan_form(site, request, goal_id, values, error)

    @router.get("/plans/{plan_id}/edit")
    async def edit_form(request: Request, plan_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _edit_form(site, request, plan_id, {})

    @router.post("/plans/{plan_id}/edit")
    async def edit(request: Request, plan_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        given = await request.form()
        try:
            await _edit(site, plan_id, given)
        except REFUSALS as error:
            values = {name: text_in(given, name) for name in ("steps", "plan_type", "version")}
            return await _edit_form(site, request, plan_id, values, error)
        return RedirectResponse(f"/plans/{plan_id}", SEE_OTHER)

    return router


async def _plan_form(
    site: Site, request: Request, goal_id: str, values: dict[str, str], error: PlatformError | None = None
) -> HTMLResponse:
    goal, models, templates, notice = await asyncio.gather(
        site.l01.goals.get(goal_id), site.models(), site.planning.templates(), site.planning.notice()
    )
    return await site.page(
        request,
        "new_plan",
        title="Make a plan",
        current="goals",
        position=site.hub.position,
        live=False,
        parent={"title": title_of(goal)[:40], "path": f"/goals/{goal_id}"},
        status=UNPROCESSABLE if error else 200,
        goal=goal,
        values=values,
        way=values.get("way") or "model",
        error=error,
        problems=_problems(error),
        models=models,
        templates=templates,
        plan_types=PLAN_TYPES,
        notice=notice,
    )


async def _edit_form(
    site: Site, request: Request, plan_id: str, values: dict[str, str], error: PlatformError | None = None
) -> HTMLResponse:
    plan, notice = await asyncio.gather(site.l01.plans.get(plan_id), site.planning.notice())
    shown = {"steps": pretty(plan["steps"]), "plan_type": plan["plan_type"], "version": str(plan["version"])}
    return await site.page(
        request,
        "edit_plan",
        title="Other steps",
        current="goals",
        position=site.hub.position,
        live=False,
        parent={"title": "Plan", "path": f"/plans/{plan_id}"},
        status=UNPROCESSABLE if error else 200,
        plan=plan,
        values=shown | values,
        error=error,
        problems=_problems(error),
        plan_types=dict.fromkeys((plan["plan_type"], *PLAN_TYPES)),
        notice=notice,
    )


async def _make(site: Site, goal_id: str, form: FormData) -> str:
    """Makes a plan in the way that was chosen; answers the page that shows it, or what there is of it."""
    l05 = await site.planning.client()
    way = text_in(form, "way")
    if way == "template":
        parameters = _json(form, "parameters", dict, "{}")
        planned = await l05.plan(goal_id, template=required_in(form, "template"), parameters=parameters)
    elif way == "steps":
        plan_type = text_in(form, "plan_type") or PLAN_TYPES[0]
        planned = await l05.plan(goal_id, steps=_json(form, "steps", list), plan_type=plan_type)
    elif way == "model":
        said = {name: text for name in ("model", "instructions") if (text := text_in(form, name))}
        planned = await l05.plan(goal_id, **cast("dict[str, Any]", said), wait=PATIENCE)
    else:
        raise InvalidError.of(("way", f"not one of {', '.join(WAYS)}"))
    return f"/plans/{planned['plan']['id']}" if planned["plan"] else f"/goals/{goal_id}"


async def _edit(site: Site, plan_id: str, form: FormData) -> None:
    l05 = await site.planning.client()
    version = text_in(form, "version")
    await l05.edit(
        plan_id,
        _json(form, "steps", list),
        plan_type=text_in(form, "plan_type") or None,
        expected_version=int(version) if version.isascii() and version.isdigit() else None,
    )


def _json(form: FormData, name: str, kind: type, otherwise: str = "") -> Any:
    """A field that holds JSON of a kind."""
    value = value_of(text_in(form, name) or otherwise)
    if not isinstance(value, kind):
        raise InvalidError.of((name, f"not a JSON {'list' if kind is list else 'object'}"))
    return value


def _problems(error: PlatformError | None) -> list[dict[str, Any]]:
    """What a refusal says is wrong."""
    return [] if error is None else error.members.get("problems", [])
