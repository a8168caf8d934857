"""Model usage: what calls used and cost, each of them, and what budgets have left."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.base import states
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L10_human_interface.call_rows import call_rows
from agentic.layers.L10_human_interface.formats import short_id
from agentic.layers.L10_human_interface.forms import SEE_OTHER, text_in
from agentic.layers.L10_human_interface.step_record import events_of
from agentic.layers.L10_human_interface.time_range import RANGES
from agentic.layers.L10_human_interface.usage_query import UsageQuery
from agentic.layers.L10_human_interface.web_site import Site

PAGE: Final = 50
PARENT: Final = {"title": "Model usage", "path": "/usage"}
STATUSES: Final = ("reserved", *sorted(states.final_states(states.MODEL_CALL)))
SCOPES: Final = ("all", "agent", "model", "run", "goal", "key")
PERIODS: Final = ("day", "month", "total")


def routes(site: Site) -> APIRouter:
    """`/usage`, one call, and the budgets."""
    router = APIRouter(include_in_schema=False)

    @router.get("/usage")
    async def usage(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _usage(site, request, UsageQuery.of(request.query_params))

    @router.get("/usage/{call_id}")
    async def call(request: Request, call_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        found = await _found(site, call_id)
        return await site.page(
            request,
            "call",
            title=found["row"].item["model_name"],
            current="usage",
            position=site.hub.position,
            live=False,
            parent=PARENT,
            **found,
        )

    @router.get("/usage/{call_id}/peek")
    async def peek(request: Request, call_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return site.renderer.render(request, "call", "peek", **await _found(site, call_id))

    @router.post("/budgets")
    async def create(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        await site.l01.budgets.create(**budget_in(await request.form()))
        return RedirectResponse("/usage#budgets", SEE_OTHER)

    @router.post("/budgets/{budget_id}/enabled")
    async def enabled(request: Request, budget_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        form = await request.form()
        await site.l01.budgets.update(budget_id, {"enabled": text_in(form, "enabled") == "yes"})
        return RedirectResponse("/usage#budgets", SEE_OTHER)

    @router.post("/budgets/{budget_id}/delete")
    async def delete(budget_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        await site.l01.budgets.delete(budget_id)
        return RedirectResponse("/usage#budgets", SEE_OTHER)

    return router


async def _usage(site: Site, request: Request, query: UsageQuery) -> HTMLResponse:
    position = site.hub.position
    opened = request.query_params.get("open")
    sums, budgets, page, models = await asyncio.gather(
        site.usage.of(query),
        site.usage.budgets(),
        site.l01.model_usage.list(**query.filters(), limit=PAGE),
        site.models(),
    )
    return await site.page(
        request,
        "usage",
        title="Model usage",
        current="usage",
        position=position,
        filters=query.given(),
        query=query,
        ranges=[(name, label) for name, (label, _, _) in RANGES.items()],
        sums=sums,
        budgets=budgets,
        scopes=SCOPES,
        periods=PERIODS,
        models=models,
        statuses=STATUSES,
        agent=await site.rows.names.name(query.agent_id) if query.agent_id else "",
        calls=await call_rows(site.rows.names, page["items"]),
        next=page["next_cursor"],
        opened=await _found(site, opened) if opened else None,
    )


async def _found(site: Site, call_id: str) -> dict[str, Any]:
    """One call with what is behind it."""
    item = await site.l01.usage.get(call_id)
    rows, events = await asyncio.gather(call_rows(site.rows.names, [item]), events_of(site.l01, item["id"]))
    return {"row": rows[0], "events": await site.rows.of_events(events), "named": short_id(call_id)}


def budget_in(form: FormData) -> dict[str, Any]:
    """A budget as a person wrote it.

    Raises:
        InvalidError: an amount is no number, or there is none.
    """
    fields: dict[str, Any] = {"scope": text_in(form, "scope"), "period": text_in(form, "period")}
    if subject := text_in(form, "subject"):
        fields["subject"] = subject
    for name, read in (("max_tokens", int), ("max_cost", float)):
        if text := text_in(form, name):
            try:
                fields[name] = read(text)
            except ValueError:
                raise InvalidError.of((name, "not a number")) from None
    if "max_tokens" not in fields and "max_cost" not in fields:
        raise InvalidError.of(("max_cost", "say how much: tokens, money, or both"))
    return fields
