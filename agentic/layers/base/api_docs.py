"""The API reference at `/docs`, from files of our own: FastAPI's page loads its parts from a network of others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request
from starlette.responses import FileResponse, HTMLResponse

STATIC: Final = Path(__file__).parents[2] / "static"
FILES: Final = {
    "swagger-ui.css": STATIC / "vendor" / "swagger-ui" / "swagger-ui.css",
    "swagger-ui-bundle.js": STATIC / "vendor" / "swagger-ui" / "swagger-ui-bundle.js",
    "api-docs.js": STATIC / "api-docs.js",
    "icon.svg": STATIC / "icon.svg",
    "app.css": STATIC / "app.css",
}
PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} API</title>
<link rel="icon" href="{root}/docs/icon.svg">
<link rel="stylesheet" href="{root}/docs/swagger-ui.css">
</head>
<body>
<div id="api" data-openapi="{root}/openapi.json"></div>
<script src="{root}/docs/swagger-ui-bundle.js"></script>
<script src="{root}/docs/api-docs.js"></script>
</body>
</html>
"""


def install_docs(app: FastAPI) -> None:
    """Serves the reference of `app` and the files that it is made of."""

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        root = str(request.scope.get("root_path", ""))
        return HTMLResponse(PAGE.format(title=escape(app.title), root=escape(root)))

    for name, path in FILES.items():
        app.add_api_route(f"/docs/{name}", _file(path), include_in_schema=False)


def _file(path: Path) -> Callable[[], Awaitable[FileResponse]]:
    async def file() -> FileResponse:
        return FileResponse(path, headers={"Cache-Control": "max-age=3600"})

    return file
