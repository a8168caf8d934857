"""The log: filters, a histogram, live rows; one event with its cause and what it caused."""

from __future__ import annotations

import asyncio
from typing import Any, Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from agentic.layers.base import jsonio
from agentic.layers.base.http import JsonResponse
from agentic.layers.L01_data_layer.models.error_codes import NotFoundError
from agentic.layers.L01_data_layer.models.event import Event
from agentic.layers.L10_human_interface.event_chart import PATIENCE, chart_in_time, chart_of
from agentic.layers.L10_human_interface.event_query import RANGE_LABELS, EventsQuery
from agentic.layers.L10_human_interface.formats import pretty
from agentic.layers.L10_human_interface.render import wants_part
from agentic.layers.L10_human_interface.rows import EventRow
from agentic.layers.L10_human_interface.web_site import Site

PAGE: Final = 50
RELATIVES: Final = 8


class Found(NamedTuple):
    """One event with what belongs to it."""

    event: Event
    row: EventRow
    cause: EventRow | None
    effects: list[EventRow]
    more_effects: bool
    size: int


def routes(site: Site) -> APIRouter:
    """`/events`, `/events/chart`, and one event: a page, beside the list, as JSON."""
    router = APIRouter(include_in_schema=False)

    @router.get("/events")
    async def events(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _events(site, request, EventsQuery.of(request.query_params))

    @router.get("/events/chart")
    async def chart(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        query = EventsQuery.of(request.query_params)
        if not wants_part(request):
            return await _events(site, request, query)
        then = await site.moment_of(query.as_of)
        return site.renderer.render(request, "events", "chart", chart=await chart_of(site.l01, query, then))

    @router.get("/events/{event_id}")
    async def event(request: Request, event_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return await _event(site, request, await _found(site, event_id))

    @router.get("/events/{event_id}/peek")
    async def peek(request: Request, event_id: str) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return site.renderer.render(request, "event", "peek", found=await _found(site, event_id))

    @router.get("/events/{event_id}/json")
    async def event_json(event_id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        return JsonResponse(pretty(await site.l01.events.get(event_id)).encode())

    return router


async def _events(site: Site, request: Request, query: EventsQuery) -> HTMLResponse:
    position, at_once = await site.log_now()
    place = at_once if query.live else query.page
    listing = {**query.filters(), **query.times(), **place, "limit": PAGE}
    then = await site.moment_of(query.as_of)
    page, kinds, chart, opened = await asyncio.gather(
        site.l01.events.list(**listing),
        site.kind_counts.of(query, then, PATIENCE),
        chart_in_time(site.l01, query, then),
        _opened(site, request.query_params.get("open")),
    )
    return await site.page(
        request,
        "events",
        title="Events",
        current="events",
        position=position,
        live=query.live,
        filters=query.given(),
        query=query,
        kinds=kinds,
        ranges=RANGE_LABELS,
        chart=chart,
        then=then,
        events=await site.rows.of_events(page["items"]),
        next=page["next_cursor"],
        opened=opened,
    )


async def _opened(site: Site, event_id: str | None) -> Found | None:
    try:
        return await _found(site, event_id) if event_id else None
    except NotFoundError:
        return None


async def _found(site: Site, event_id: str) -> Found:
    event = await site.l01.events.get(event_id)
    cause, effects = await asyncio.gather(
        _cause(site, event), site.l01.events.list(causation_id=event["id"], limit=RELATIVES)
    )
    related = [event, *effects["items"], *([cause] if cause else [])]
    rows = await site.rows.of_events(related)
    count = len(effects["items"])
    return Found(
        event,
        rows[0],
        rows[-1] if cause else None,
        rows[1 : 1 + count],
        effects["next_cursor"] is not None,
        len(jsonio.encode(event["payload"])),
    )


async def _cause(site: Site, event: Event) -> Event | None:
    metadata: dict[str, Any] = event["metadata"]
    try:
        return await site.l01.events.get(UUID(str(metadata["causation_id"])))
    except (KeyError, ValueError, NotFoundError):
        return None


async def _event(site: Site, request: Request, found: Found) -> HTMLResponse:
    previous, following = await _neighbours(site, found.event)
    return await site.page(
        request,
        "event",
        title=found.event["event_type"],
        current="events",
        position=site.hub.position,
        live=False,
        parent={"title": "Events", "path": "/events"},
        found=found,
        previous=previous,
        following=following,
    )


async def _neighbours(site: Site, event: Event) -> tuple[str | None, str | None]:
    """The ids of the events before and after in the log."""
    if event["position"] is None:
        return None, None
    before, after = await asyncio.gather(
        site.l01.events.list(cursor=str(event["position"]), limit=1),
        site.l01.events.list(after=event["position"], limit=1),
    )
    ids = [page["items"][0]["id"] if page["items"] else None for page in (before, after)]
    return ids[0], ids[1]
