"""The page at `/errors`, where the `type` of every problem leads: in each app, since it is relative to whoever answers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse

from agentic.layers.base.error_catalogue import by_layer

TEMPLATES: Final = Path(__file__).parents[2] / "templates"
HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
}


def install_error_page(app: FastAPI) -> None:
    """Serves every error of the platform at `/errors`, unless the app has a page of its own there."""

    @app.get("/errors", include_in_schema=False)
    async def errors(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        root = str(request.scope.get("root_path", ""))
        return HTMLResponse(_page(app.title, root), headers=HEADERS)


@cache
def _page(title: str, root: str) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # a layer starts faster without it

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("errors.html").render(title=title, root=root, ranges=by_layer())
