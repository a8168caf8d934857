"""Subscriptions: how far each is behind, pause and replay, and the dead letters, retried or dropped."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.L10_human_interface.forms import SEE_OTHER, required_in, text_in, value_of
from agentic.layers.L10_human_interface.subscription_rows import (
    KINDS,
    live_row,
    subscription_rows,
    target_in,
)
from agentic.layers.L10_human_interface.web_site import Site
from agentic.layers.L11_integration.client import L11Client

PAGE: Final = 50
PARENT: Final = {"title": "Subscriptions", "path": "/subscriptions"}
STATES: Final = ("dead", "retrying", "again", "delivered", "dropped")


def routes(site: Site) -> APIRouter:
    """`/subscriptions`, one of them, and its dead letters."""
    router = APIRouter(include_in_schema=False)

    @router.get("/subscriptions")
    async def subscriptions(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _subscriptions(site, request)

    @router.post("/subscriptions")
    async def subscribe(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        return await _subscribe(site, request, await request.form())

    @router.get("/subscriptions/{name}")
    async def subscription(request: Request, name: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _subscription(site, request, name)

    @router.get("/subscriptions/{name}/delete")
    async def sure(request: Request, name: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _page(site, request, "unsubscribe", "Delete a subscription", name, name=name)

    @router.post("/subscriptions/{name}/letters/{position}/{action}")
    async def letter(name: str, position: int, action: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        await _letter(await site.beside.integration.client(), name, position, action)
        return RedirectResponse(f"/subscriptions/{name}?status=dead", SEE_OTHER)

    @router.post("/subscriptions/{name}/{action}")
    async def act(request: Request, name: str, action: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        return await _act(site, request, name, action, await request.form())

    return router


async def _page(
    site: Site, request: Request, page: str, title: str, parent: str, **context: Any
) -> HTMLResponse:
    return await site.page(
        request,
        page,
        title=title,
        current="subscriptions",
        position=site.hub.position,
        live=False,
        parent={"title": parent, "path": f"/subscriptions/{parent}"},
        **context,
    )


async def _subscriptions(site: Site, request: Request) -> HTMLResponse:
    position = site.hub.position
    rows, notice = await asyncio.gather(subscription_rows(site), site.beside.integration.notice())
    return await site.page(
        request,
        "subscriptions",
        title="Subscriptions",
        current="subscriptions",
        position=position,
        rows=rows,
        notice=notice,
        kinds=KINDS,
    )


async def _subscription(site: Site, request: Request, name: str) -> HTMLResponse:
    position = site.hub.position
    status = request.query_params.get("status") or None
    cursor = request.query_params.get("cursor") or None
    if status is not None and status not in STATES:
        raise InvalidError.of(("status", f"not one of {', '.join(STATES)}"))
    l11 = await site.beside.integration.client()
    item = await l11.subscription(name)
    more: dict[str, Any] = {key: value for key, value in (("status", status), ("cursor", cursor)) if value}
    page = await l11.deliveries(name, limit=PAGE, **more) if item["id"] is not None else None
    return await site.page(
        request,
        "subscription",
        title=name,
        current="subscriptions",
        position=position,
        filters={"name": name, **more},
        parent=PARENT,
        item=item,
        row=live_row(item),
        status_shown=status,
        statuses=STATES,
        letters=page["items"] if page else [],
        next=page["next_cursor"] if page else None,
        cursor=cursor,
    )


async def _subscribe(site: Site, request: Request, form: FormData) -> Response:
    l11 = await site.beside.integration.client()
    kind = text_in(form, "kind")
    fields: dict[str, Any] = {}
    if wanted := text_in(form, "filter"):
        fields["filter"] = value_of(wanted)
    if text_in(form, "form") == "cloudevent":
        fields["form"] = "cloudevent"
    if text_in(form, "after") == "first":
        fields["after"] = 0
    name = required_in(form, "name")
    made = await l11.subscribe(
        name,
        kind,
        text_in(form, "event_type") or "*",
        target=target_in(kind, text_in(form, "target")),
        **fields,
    )
    if made["secret"] is None:
        return RedirectResponse(f"/subscriptions/{name}", SEE_OTHER)
    return await _told_once(site, request, name, made["secret"])


async def _told_once(site: Site, request: Request, name: str, secret: str) -> HTMLResponse:
    """The one page that shows a secret: it can be had no second time, so it is the answer itself, and no redirect."""
    page = await _page(site, request, "secret", "Its secret", name, name=name, secret=secret)
    page.headers["Cache-Control"] = "no-store"
    return page


async def _act(site: Site, request: Request, name: str, action: str, form: FormData) -> Response:
    l11 = await site.beside.integration.client()
    match action:
        case "pause":
            await l11.pause(name)
        case "resume":
            await l11.resume(name)
        case "replay":
            await l11.replay(name, **_from_where(form))
        case "rotate":
            return await _told_once(site, request, name, (await l11.rotate(name))["secret"])
        case "delete":
            await l11.unsubscribe(name)
            return RedirectResponse("/subscriptions", SEE_OTHER)
        case _:
            raise NotFoundError(f"There is no action {action!r}.")
    return RedirectResponse(f"/subscriptions/{name}", SEE_OTHER)


def _from_where(form: FormData) -> dict[str, Any]:
    position, time = text_in(form, "position"), text_in(form, "time")
    if position:
        if not (position.isascii() and position.isdigit() and len(position) < 16):
            raise InvalidError.of(("position", "the number of an event, or 0 for all"))
        return {"position": int(position)}
    if not time:
        raise InvalidError.of(("position", "say from where: a position, or a time"))
    # A browser's field for a moment says no zone: it means UTC, as its label says.
    return {"time": time if time.endswith("Z") or "+" in time else f"{time}Z"}


async def _letter(l11: L11Client, name: str, position: int, action: str) -> None:
    match action:
        case "retry":
            await l11.retry(name, position)
        case "drop":
            await l11.drop(name, position)
        case _:
            raise NotFoundError(f"There is no action {action!r}.")
