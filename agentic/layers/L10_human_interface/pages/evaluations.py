"""Evaluations: how scores go, each of them, and two agents side by side."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L06_evaluation.models import Agreement
from agentic.layers.L10_human_interface.evaluation_rows import EvaluationRow, evaluation_rows
from agentic.layers.L10_human_interface.evaluation_sums import ScoreSums
from agentic.layers.L10_human_interface.evaluations_query import LOW, EvaluationsQuery
from agentic.layers.L10_human_interface.forms import SEE_OTHER, actor, required_in, text_in
from agentic.layers.L10_human_interface.render import wants_part
from agentic.layers.L10_human_interface.step_record import events_of
from agentic.layers.L10_human_interface.time_range import RANGES
from agentic.layers.L10_human_interface.web_site import Site

PAGE: Final = 50
RECENT: Final = 200
"""Evaluations among which the worst are looked for."""
WORST: Final = 5
PATIENCE: Final = 0.1
"""Seconds that the page waits for its sums; then it is shown, and they follow."""
CHOICES: Final = 200
"""Agents that are offered for comparison."""
PARENT: Final = {"title": "Evaluations", "path": "/evaluations"}
TIMES: Final = [(name, label) for name, (label, _, _) in RANGES.items()]


def routes(site: Site) -> APIRouter:
    """`/evaluations`, one of them, and two agents."""
    router = APIRouter(include_in_schema=False)

    @router.get("/evaluations")
    async def evaluations(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _evaluations(site, request, EvaluationsQuery.of(request.query_params))

    @router.get("/evaluations/sums")
    async def sums(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        query = EvaluationsQuery.of(request.query_params)
        if not wants_part(request):
            return await _evaluations(site, request, query, patience=None)
        found = await site.scores.of(query.sums)
        return site.renderer.render(request, "evaluations", "sums", sums=found, query=query)

    @router.get("/evaluations/compare")
    async def compare(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _compare(site, request)

    @router.get("/evaluations/{evaluation_id}")
    async def one(request: Request, evaluation_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        found = await _found(site, evaluation_id)
        return await site.page(
            request,
            "evaluation",
            title=found["row"].item["evaluation_type"],
            current="evaluations",
            position=site.hub.position,
            live=False,
            parent=PARENT,
            **found,
        )

    @router.post("/evaluations/{evaluation_id}/label")
    async def label(request: Request, evaluation_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        await _label(site, evaluation_id, await request.form())
        return RedirectResponse(f"/evaluations/{evaluation_id}", SEE_OTHER)

    @router.get("/evaluations/{evaluation_id}/peek")
    async def peek(request: Request, evaluation_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return site.renderer.render(request, "evaluation", "peek", **await _found(site, evaluation_id))

    return router


async def _evaluations(
    site: Site, request: Request, query: EvaluationsQuery, patience: float | None = PATIENCE
) -> HTMLResponse:
    position = site.hub.position
    opened = request.query_params.get("open")
    page, worst, sums, agreement = await asyncio.gather(
        site.l01.evaluations.list(**query.filters(), limit=PAGE),
        worst_of(site, query),
        _sums_in_time(site, query, patience),
        _agreement(site, query, patience),
    )
    agent = await site.rows.names.name(query.agent_id) if query.agent_id else ""
    return await site.page(
        request,
        "evaluations",
        title="Evaluations",
        current="evaluations",
        position=position,
        filters=query.given(),
        query=query,
        times=TIMES,
        low=LOW,
        names={"agent_id": agent},
        sums=sums,
        worst=worst,
        agreement=agreement,
        rows=await evaluation_rows(site.rows.names, page["items"]),
        next=page["next_cursor"],
        opened=await _found(site, opened) if opened else None,
    )


async def worst_of(site: Site, query: EvaluationsQuery) -> list[EvaluationRow]:
    """The lowest of the latest scores that the filters let in, those below the middle."""
    filters = {**query.filters(), "max_score": query.max_score or LOW, "cursor": None}
    recent = (await site.l01.evaluations.list(**filters, limit=RECENT))["items"]
    lowest = sorted(recent, key=lambda item: item["score"] or 0)[:WORST]
    return await evaluation_rows(site.rows.names, lowest)


async def _sums_in_time(site: Site, query: EvaluationsQuery, patience: float | None) -> ScoreSums | None:
    try:
        async with asyncio.timeout(patience):
            return await site.scores.of(query.sums)
    except TimeoutError:
        return None


async def _agreement(site: Site, query: EvaluationsQuery, patience: float | None) -> Agreement | None:
    if query.evaluation_type is None:
        return None
    return await site.agreements.on(query.evaluation_type, patience)


async def _label(site: Site, evaluation_id: str, form: FormData) -> None:
    """A person's own judgement of what an evaluation is about."""
    item = await site.l01.evaluations.get(evaluation_id)
    try:
        score = float(required_in(form, "score"))
    except ValueError:
        raise InvalidError.of(("score", "a number between 0 and 1")) from None
    l06 = await site.beside.evaluation.client()
    comment = text_in(form, "comment") or None
    await l06.label(score, run_id=item["run_id"], task_id=item["task_id"], by=actor(), comment=comment)


async def _compare(site: Site, request: Request) -> HTMLResponse:
    query = EvaluationsQuery.of(request.query_params)
    a, b = (request.query_params.get(name, "").strip() for name in ("a", "b"))
    agents = (await site.l01.agents.list(limit=CHOICES))["items"]
    chosen = await asyncio.gather(*map(site.l01.agents.get, (a, b))) if a and b else []
    if a and a == b:
        raise InvalidError.of(("b", "another agent than the first"))
    return await site.page(
        request,
        "compare_agents",
        title="Two agents",
        current="evaluations",
        position=site.hub.position,
        live=False,
        parent=PARENT,
        query=query,
        times=TIMES,
        a=a,
        b=b,
        agents=agents,
        chosen=chosen,
        shown=await site.scores.pair(query.time, a, b) if chosen else None,
    )


async def _found(site: Site, evaluation_id: str) -> dict[str, Any]:
    """One evaluation with what is behind it."""
    item = await site.l01.evaluations.get(evaluation_id)
    rows, events = await asyncio.gather(
        evaluation_rows(site.rows.names, [item]), events_of(site.l01, item["id"])
    )
    return {"row": rows[0], "events": await site.rows.of_events(events)}
