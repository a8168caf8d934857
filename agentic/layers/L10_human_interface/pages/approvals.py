"""What waits for a person: exactly what would be done, until when, and the two answers."""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.base import states
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L10_human_interface.asks import Ask, asks_of
from agentic.layers.L10_human_interface.forms import SEE_OTHER, actor, back_from, text_in
from agentic.layers.L10_human_interface.web_site import Site

PAGE: Final = 25
PENDING: Final = "pending"
ANY: Final = "any"
STATUSES: Final = (*states.APPROVAL, ANY)
DECISIONS: Final = ("approved", "denied")


def routes(site: Site) -> APIRouter:
    """`/approvals`, and the answer to one."""
    router = APIRouter(include_in_schema=False)

    @router.get("/approvals")
    async def approvals(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _approvals(site, request)

    @router.post("/approvals/{approval_id}/decide")
    async def decide(request: Request, approval_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        form = await request.form()
        decision = text_in(form, "decision")
        if decision not in DECISIONS:
            raise InvalidError.of(("decision", f"not one of {', '.join(DECISIONS)}"))
        await _decide(site, approval_id, decision, text_in(form, "reason") or None)
        site.figures.counts.forget()
        return RedirectResponse(back_from(form, "/approvals"), SEE_OTHER)

    return router


async def _approvals(site: Site, request: Request) -> HTMLResponse:
    position = site.hub.position
    status = request.query_params.get("status", PENDING)
    cursor = request.query_params.get("cursor") or None
    if status not in STATUSES:
        raise InvalidError.of(("status", f"not one of {', '.join(STATUSES)}"))
    wanted = None if status == ANY else status
    page, notice = await asyncio.gather(
        site.l01.approvals.list(status=wanted, limit=PAGE, cursor=cursor), site.runtime.notice()
    )
    asks: list[Ask] = await asks_of(site, page["items"])
    return await site.page(
        request,
        "approvals",
        title="Approvals",
        current="approvals",
        position=position,
        filters={"status": status, **({"cursor": cursor} if cursor else {})},
        status_shown=status,
        statuses=STATUSES,
        asks=asks,
        next=page["next_cursor"],
        cursor=cursor,
        notice=notice,
    )


async def _decide(site: Site, approval_id: str, decision: str, reason: str | None) -> None:
    """Through the runtime where a run waits for it, which then goes on at once; its record wakes it too, if later."""
    approval = await site.l01.approvals.get(approval_id)
    said = cast("Any", decision)
    if approval["run_id"] is not None and await site.runtime.there():
        l02 = await site.runtime.l02()
        await l02.approve(approval["run_id"], said, approval_id=approval_id, by=actor(), reason=reason)
    else:
        await site.l01.approvals.decide(approval_id, said, actor(), reason)
