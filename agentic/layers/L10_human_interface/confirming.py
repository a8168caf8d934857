"""The page that asks a person without a script whether something is to be cancelled."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import HTMLResponse

from agentic.layers.L10_human_interface.formats import short_id
from agentic.layers.L10_human_interface.web_site import Site
from agentic.layers.L10_human_interface.words import Action


async def sure_page(
    site: Site, request: Request, section: str, kind: str, record_id: str, name: str, action: Action
) -> HTMLResponse:
    """Asks whether the record of that kind is to be cancelled."""
    path = f"/{kind}s/{record_id}"
    return await site.page(
        request,
        "cancel",
        title=f"Cancel a {kind}",
        current=section,
        position=site.hub.position,
        live=False,
        parent={"title": f"{kind.capitalize()} {short_id(record_id)}", "path": path},
        kind=kind,
        name=name,
        back=path,
        action=action,
    )
