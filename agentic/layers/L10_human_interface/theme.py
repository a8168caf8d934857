"""The theme that a person chose, kept in a cookie: so that a page has it before its first paint."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L10_human_interface.forms import is_ours
from agentic.layers.L10_human_interface.render import THEMES
from agentic.layers.L10_human_interface.web_site import Site

YEAR: Final = 31_536_000


def routes(_: Site) -> APIRouter:
    """`/theme`: how the theme is chosen without the script."""
    router = APIRouter(include_in_schema=False)

    @router.post("/theme")
    async def choose(request: Request) -> RedirectResponse:  # pyright: ignore[reportUnusedFunction]
        form = await request.form()
        chosen, back = str(form.get("theme", "")), str(form.get("back", "/"))
        if chosen not in THEMES:
            raise InvalidError.of(("theme", f"not one of {', '.join(THEMES)}"))
        response = RedirectResponse(back if is_ours(back) else "/", 303)
        response.set_cookie("theme", chosen, max_age=YEAR, samesite="lax")
        return response

    return router
