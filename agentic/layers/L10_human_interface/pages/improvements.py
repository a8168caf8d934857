"""Improvements: looked for, shown as a difference with their numbers, promoted, dismissed, rolled back."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.base import jsonio, states
from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.L10_human_interface.forms import SEE_OTHER, actor, required_in, text_in
from agentic.layers.L10_human_interface.improvement_page import ROLL_BACK, context_of, improvement_row
from agentic.layers.L10_human_interface.improvements_query import ImprovementsQuery
from agentic.layers.L10_human_interface.web_site import Site

PAGE: Final = 50
CHOICES: Final = 200
PARENT: Final = {"title": "Improvements", "path": "/improvements"}
METHODS: Final = ("lessons", "instructions", "examples")


def routes(site: Site) -> APIRouter:
    """`/improvements`, and one of them."""
    router = APIRouter(include_in_schema=False)

    @router.get("/improvements")
    async def improvements(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _improvements(site, request, ImprovementsQuery.of(request.query_params))

    @router.post("/improvements")
    async def begin(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        l07 = await site.beside.learning.client()
        form = await request.form()
        order = await order_in(site, form)
        made = await l07.improve(required_in(form, "agent_id"), **order)
        return RedirectResponse(f"/improvements/{made['id']}", SEE_OTHER)

    @router.get("/improvements/{improvement_id}")
    async def improvement(request: Request, improvement_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        position = site.hub.position
        found = await context_of(site, improvement_id)
        return await site.page(
            request,
            "improvement",
            title=found["row"].item["title"],
            current="improvements",
            position=position,
            filters={"improvement_id": found["row"].item["id"]},
            parent=PARENT,
            notice=await site.beside.learning.notice(),
            **found,
        )

    @router.get("/improvements/{improvement_id}/rollback")
    async def sure(request: Request, improvement_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        found = await context_of(site, improvement_id)
        title = found["row"].item["title"]
        return await site.page(
            request,
            "roll_back",
            title="Roll back",
            current="improvements",
            position=site.hub.position,
            live=False,
            parent={"title": title, "path": f"/improvements/{improvement_id}"},
            row=found["row"],
            action=ROLL_BACK,
        )

    @router.post("/improvements/{improvement_id}/{action}")
    async def act(request: Request, improvement_id: str, action: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        await _act(site, improvement_id, action, text_in(await request.form(), "reason") or None)
        return RedirectResponse(f"/improvements/{improvement_id}", SEE_OTHER)

    return router


async def _improvements(site: Site, request: Request, query: ImprovementsQuery) -> HTMLResponse:
    position = site.hub.position
    page, notice, agents, datasets = await asyncio.gather(
        site.l01.improvements.list(**query.given(), limit=PAGE),
        site.beside.learning.notice(),
        site.l01.agents.list(limit=CHOICES),
        site.l01.datasets.list(limit=CHOICES),
    )
    return await site.page(
        request,
        "improvements",
        title="Improvements",
        current="improvements",
        position=position,
        filters=query.given(),
        query=query,
        statuses=tuple(states.IMPROVEMENT),
        names={"agent_id": await site.rows.names.name(query.agent_id)} if query.agent_id else {},
        rows=await asyncio.gather(*(improvement_row(site, item) for item in page["items"])),
        next=page["next_cursor"],
        notice=notice,
        agents=agents["items"],
        datasets=datasets["items"],
        methods=METHODS,
    )


async def _act(site: Site, improvement_id: str, action: str, reason: str | None) -> None:
    l07 = await site.beside.learning.client()
    match action:
        case "promote":
            await l07.promote(improvement_id, by=actor(), reason=reason)
        case "dismiss":
            await l07.dismiss(improvement_id, by=actor(), reason=reason)
        case "rollback":
            await l07.roll_back(improvement_id, by=actor(), reason=reason)
        case _:
            raise NotFoundError(f"There is no action {action!r}.")


async def order_in(site: Site, form: FormData) -> dict[str, Any]:
    """A search as a person asked for it. Without evaluators, those of the dataset judge.

    Raises:
        InvalidError: there are none, or a number is none.
    """
    dataset = await site.l01.datasets.get(required_in(form, "dataset"))
    written = text_in(form, "evaluators")
    evaluators = jsonio.decode(written) if written else dataset["evaluators"]
    if not isinstance(evaluators, list) or not evaluators:
        raise InvalidError.of(
            ("evaluators", "the dataset has none: say how answers are judged, as a JSON list")
        )
    order: dict[str, Any] = {
        "dataset": dataset["id"],
        "evaluators": evaluators,
        "title": text_in(form, "title") or None,
        "methods": [name for name in METHODS if text_in(form, name)] or None,
        "model": text_in(form, "model") or None,
        "promote": "rule" if text_in(form, "promote") == "rule" else "ask",
    }
    try:
        rounds, cost = text_in(form, "rounds"), text_in(form, "cost")
        order["rounds"] = int(rounds) if rounds else None
        order["budget"] = {"cost": float(cost)} if cost else None
    except ValueError:
        raise InvalidError.of(("rounds", "rounds and dollars are numbers")) from None
    return order
