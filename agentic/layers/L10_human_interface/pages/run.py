"""One run: its timeline, one of its steps, and what may be done with it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.base.http import JsonResponse
from agentic.layers.L02_agent_runtime.client import L02Client
from agentic.layers.L10_human_interface.confirming import sure_page
from agentic.layers.L10_human_interface.formats import pretty, short_id
from agentic.layers.L10_human_interface.forms import SEE_OTHER, required_in, text_in, value_of
from agentic.layers.L10_human_interface.run_page import context_of
from agentic.layers.L10_human_interface.run_record import RunRecord
from agentic.layers.L10_human_interface.run_rows import title_of
from agentic.layers.L10_human_interface.step_record import step_record
from agentic.layers.L10_human_interface.web_site import Site
from agentic.layers.L10_human_interface.words import CANCEL

PARENT: Final = {"title": "Runs", "path": "/runs"}


def routes(site: Site) -> APIRouter:
    """`/runs/{id}`, its steps, and its actions."""
    router = APIRouter(include_in_schema=False)

    @router.get("/runs/{run_id}")
    async def run(request: Request, run_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _run(site, request, run_id)

    @router.get("/runs/{run_id}/steps/{number}")
    async def step(request: Request, run_id: str, number: int) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _step(site, request, run_id, number)

    @router.get("/runs/{run_id}/steps/{number}/peek")
    async def peek(request: Request, run_id: str, number: int) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        found = await step_record(site.l01, site.rows, run_id, number)
        return site.renderer.render(request, "step", "peek", found=found, models=await site.models())

    @router.get("/runs/{run_id}/steps/{number}/json")
    async def step_json(run_id: str, number: int) -> Response:  # pyright: ignore[reportUnusedFunction]
        found = await step_record(site.l01, site.rows, run_id, number)
        return JsonResponse(pretty(found.step).encode())

    @router.get("/runs/{run_id}/cancel")
    async def sure(request: Request, run_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _sure(site, request, run_id)

    @router.get("/runs/{run_id}/fork")
    async def fork_form(request: Request, run_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _fork_form(site, request, run_id)

    @router.post("/runs/{run_id}/{action}")
    async def act(request: Request, run_id: str, action: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        shown = await _act(await site.runtime.l02(), run_id, action, await request.form())
        site.figures.counts.forget()
        return RedirectResponse(f"/runs/{shown}", SEE_OTHER)

    return router


async def _run(site: Site, request: Request, run_id: str) -> HTMLResponse:
    position = site.hub.position
    record = await RunRecord.load(site.l01, run_id)
    opened = request.query_params.get("open", "")
    found = None
    if opened.isdigit() and 0 < int(opened) <= record.last:
        found = await step_record(site.l01, site.rows, run_id, int(opened))
    return await site.page(
        request,
        "run",
        title=title_of(record.run),
        current="runs",
        position=position,
        filters={"run_id": record.run["id"]},
        parent=PARENT,
        opened=found,
        models=await site.models(),
        **await context_of(site, record),
    )


async def _step(site: Site, request: Request, run_id: str, number: int) -> HTMLResponse:
    found, models = await asyncio.gather(step_record(site.l01, site.rows, run_id, number), site.models())
    return await site.page(
        request,
        "step",
        title=f"Step {number}",
        current="runs",
        position=site.hub.position,
        live=False,
        parent={"title": title_of(found.run)[:40], "path": f"/runs/{run_id}"},
        found=found,
        models=models,
    )


async def _sure(site: Site, request: Request, run_id: str) -> HTMLResponse:
    run = await site.l01.runs.get(run_id)
    return await sure_page(site, request, "runs", "run", run_id, title_of(run), CANCEL)


async def _fork_form(site: Site, request: Request, run_id: str) -> HTMLResponse:
    record, models = await asyncio.gather(RunRecord.load(site.l01, run_id), site.models())
    return await site.page(
        request,
        "fork",
        title="Fork a run",
        current="runs",
        position=site.hub.position,
        live=False,
        parent={"title": f"Run {short_id(run_id)}", "path": f"/runs/{run_id}"},
        run=record.run,
        last=record.last,
        models=models,
        notice=await site.runtime.notice(),
    )


async def _act(l02: L02Client, run_id: str, action: str, form: FormData) -> str:
    """Does what is wanted, and answers the run that is to be shown then.

    Raises:
        NotFoundError: there is no such action.
        PlatformError: it cannot be done.
    """
    match action:
        case "cancel":
            await l02.cancel(run_id, text_in(form, "reason") or None)
        case "pause":
            await l02.pause(run_id)
        case "resume":
            await l02.resume_run(run_id)
        case "steer":
            await l02.steer(run_id, required_in(form, "content"))
        case "retry":
            return (await l02.retry(run_id))["id"]
        case "fork":
            return (await l02.fork(run_id, _step_of(form), changes_of(form)))["id"]
        case _:
            raise NotFoundError(f"There is no action {action!r}.")
    return run_id


def changes_of(form: FormData) -> dict[str, Any]:
    """What a fork is to do otherwise: only what was filled in.

    Raises:
        InvalidError: a result has no step.
    """
    changes: dict[str, Any] = {
        name: text for name in ("model", "instructions") if (text := text_in(form, name))
    }
    if given := text_in(form, "input"):
        changes["input"] = value_of(given)
    result = text_in(form, "result")
    if result and result != text_in(form, "result_before"):
        number = text_in(form, "result_step")
        if not number.isdigit():
            raise InvalidError.of(("result_step", "the number of a tool step"))
        changes["tool_result"] = {"number": int(number), "output": value_of(result)}
    return changes


def _step_of(form: FormData) -> int:
    step = text_in(form, "step")
    if not (step.isascii() and step.isdigit() and len(step) < 10):
        raise InvalidError.of(("step", "the number of a step, or 0"))
    return int(step)
