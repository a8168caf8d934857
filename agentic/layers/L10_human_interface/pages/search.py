"""The palette's search: pages and commands, agents by name, runs by id, events by id or type."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from agentic.layers.L01_data_layer.models.agent import Agent
from agentic.layers.L01_data_layer.models.error_codes import NotFoundError
from agentic.layers.L10_human_interface.formats import short_id, whole
from agentic.layers.L10_human_interface.navigation import SECTIONS
from agentic.layers.L10_human_interface.run_rows import title_of
from agentic.layers.L10_human_interface.web_site import Site
from agentic.layers.L10_human_interface.words import status_word

MOST: Final = 6
MOST_PAGES: Final = 4
"""Of agents, each of thousands that are looked at: the palette answers while one types."""
LONGEST: Final = 200


class Item(NamedTuple):
    """One thing to go to, or to do."""

    title: str
    icon: str
    href: str = ""
    command: str = ""
    note: str = ""
    keys: tuple[str, ...] = ()


class Group(NamedTuple):
    """Things of a kind; `items` would hide the tuple's own name for it in templates."""

    name: str
    title: str
    found: list[Item]


COMMANDS: Final = (
    Item("Create agent", "plus", command="c", keys=("c",)),
    Item("Pause or go on", "pause", command="p", keys=("p",)),
    Item("Switch between light and dark", "moon", command="t", keys=("t",)),
    Item("Show the keys", "keyboard", command="?", keys=("?",)),
)
PAGES: Final = (
    *(Item(section.title, section.icon, section.path, keys=("g", section.key)) for section in SECTIONS),
    Item("Error codes", "circle-x", "/errors"),
)


def routes(site: Site) -> APIRouter:
    """`/search`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/search")
    async def search(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        text = request.query_params.get("q", "").strip()[:LONGEST]
        groups = await asyncio.gather(
            _named(site, text), _agents(site, text), _runs(site, text), _events(site, text)
        )
        found = [group for several in groups for group in several if group.found]
        return site.renderer.render(request, "search", "results", groups=found)

    return router


async def _named(site: Site, text: str) -> list[Group]:
    wanted = text.casefold()
    return [
        Group(name, title, [item for item in items if wanted in item.title.casefold()])
        for name, title, items in (("page", "Pages", PAGES), ("command", "Commands", COMMANDS))
    ]


async def _agents(site: Site, text: str) -> list[Group]:
    if not text:
        return []
    agents = await _agents_named(site, text)
    if (agent_id := _uuid(text)) is not None:
        with suppress(NotFoundError):
            agents = [await site.l01.agents.get(agent_id), *agents]
    items = [
        Item(agent["name"], "bot", f"/agents/{agent['id']}", note=status_word(agent["status"]).label)
        for agent in agents
    ]
    return [Group("agent", "Agents", items)]


async def _agents_named(site: Site, text: str) -> list[Agent]:
    """The newest whose name has this in it; of very many agents, those among the newest."""
    found: list[Agent] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await site.l01.agents.list(search=text, limit=MOST - len(found), cursor=cursor)
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None or len(found) >= MOST:
            break
    return found


async def _runs(site: Site, text: str) -> list[Group]:
    if (run_id := _uuid(text)) is None:
        return []
    with suppress(NotFoundError):
        run = await site.l01.runs.get(run_id)
        title, note = title_of(run), status_word(run["status"]).label
        return [Group("run", "Runs", [Item(title, "square-play", f"/runs/{run['id']}", note=note)])]
    return []


async def _events(site: Site, text: str) -> list[Group]:
    if not text:
        return []
    kinds = [
        kind for kind in await site.l01.events.kinds() if text.casefold() in kind["event_type"].casefold()
    ]
    items = [
        Item(
            kind["event_type"], "radio", f"/events?event_type={kind['event_type']}", note=whole(kind["count"])
        )
        for kind in kinds[:MOST]
    ]
    if (event_id := _uuid(text)) is not None:
        with suppress(NotFoundError):
            event = await site.l01.events.get(event_id)
            found = Item(event["event_type"], "radio", f"/events/{event_id}", note=short_id(event["id"]))
            items.insert(0, found)
    return [Group("event", "Events", items)]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
