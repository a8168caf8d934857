"""Templates to HTML: a page, the part of it that navigation replaces, or one named block of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2_fragments import render_block
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from agentic.layers.L10_human_interface import assets, formats, navigation, run_lines, words

TEMPLATES: Final = Path(__file__).parents[2] / "templates"
THEMES: Final = ("light", "dark")
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Vary": "HX-Request, HX-Request-Type, Cookie",
    "X-Content-Type-Options": "nosniff",
}
PAGE_HEADERS: Final = {
    **HEADERS,
    "Link": f"<{assets.address('app.css')}>; rel=preload; as=style",
}
"""A page's style is asked for as its first byte comes, before the page itself is read."""


def icon(name: str, classes: str = "") -> Markup:
    """An icon of the sprite, as decoration: the word beside it says the same."""
    return Markup('<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>').format(
        classes, assets.address("vendor/lucide/icons.svg"), name
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    known: dict[str, Any] = {"icon": icon, "static": assets.address, "navigation": navigation.GROUPS}
    environment.globals.update(known)
    filters: dict[str, Any] = {
        "ago": formats.ago,
        "badge": formats.badge,
        "as_text": run_lines.text_of,
        "breakable": formats.breakable,
        "clipped": formats.clipped,
        "clock": formats.clock,
        "compact": formats.compact,
        "duration": formats.duration,
        "exact": formats.exact,
        "highlighted": formats.highlighted,
        "micros": formats.micros,
        "short_id": formats.short_id,
        "score": formats.score,
        "signed": formats.signed,
        "size": formats.size,
        "since": formats.since,
        "span": formats.span,
        "status_word": words.status_word,
        "took": formats.took,
        "whole": formats.whole,
    }
    environment.filters.update(filters)
    return environment


class Renderer:
    """The templates, compiled once."""

    def __init__(self) -> None:
        self._environment = _environment()

    def macro(self, template: str, name: str, *arguments: Any) -> str:
        """What a macro makes of its arguments: how the socket's fragments come from the page's own parts."""
        module: Any = self._environment.get_template(template).module
        return str(getattr(module, name)(*arguments))

    def block(self, page: str, block: str, **context: Any) -> str:
        """One named block of a page."""
        return render_block(self._environment, f"pages/{page}.html", block, layout="fragment.html", **context)

    def render(
        self, request: Request, page: str, block: str | None = None, *, status: int = 200, **context: Any
    ) -> HTMLResponse:
        """The response to a request: one block of a page, or without one the page.

        A request of htmx for a part of the page gets all that changes between pages; every other request, and one that
        restores history, gets the whole page.
        """
        if block is not None:
            return HTMLResponse(self.block(page, block, **context), status, HEADERS)
        template = self._environment.get_template(f"pages/{page}.html")
        layout = "fragment.html" if wants_part(request) else "base.html"
        html = template.render(layout=layout, theme=theme_of(request), path=_path(request), **context)
        return HTMLResponse(html, status, HEADERS if layout == "fragment.html" else PAGE_HEADERS)


def wants_part(request: Request) -> bool:
    """True when htmx asks for what it will put into a page that is there."""
    headers = request.headers
    return headers.get("hx-request") == "true" and headers.get("hx-request-type") != "full"


def theme_of(request: Request) -> str | None:
    """The theme that the person chose, or none: then it is the system's."""
    chosen = request.cookies.get("theme")
    return chosen if chosen in THEMES else None


def _path(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path
