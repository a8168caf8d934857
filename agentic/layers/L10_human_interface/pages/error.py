"""Errors for people: a page that says what happened and what to do. Programs get problem+json."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from agentic.layers.base.errors import PlatformError
from agentic.layers.base.http import problem_response, translate
from agentic.layers.L10_human_interface.render import wants_part
from agentic.layers.L10_human_interface.web_site import Site


def install(app: FastAPI, site: Site) -> None:
    """Answers a browser's errors with a page; what asked for something else gets the problem itself."""

    async def on_error(request: Request, error: Exception) -> Response:
        problem = translate(error)
        request_id = getattr(request.state, "request_id", None)
        if wants_part(request) or "text/html" not in request.headers.get("accept", ""):
            return problem_response(problem, request_id)
        return site.renderer.render(
            request,
            "error",
            status=problem.status,
            title=problem.title,
            current="",
            parent=None,
            view="",
            view_query="",
            position=site.hub.position,
            socket="",
            counts={},
            problem=problem,
            request_id=request_id,
        )

    for kind in (PlatformError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, on_error)
