"""Static files under addresses that carry a hash of their content: cached for ever, compressed once."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from agentic.layers.base.common_errors import NotFoundError

STATIC: Final = Path(__file__).parents[2] / "static"
FOR_EVER: Final = "public, max-age=31536000, immutable"
COMPRESSIBLE: Final = ("text/", "application/javascript", "image/svg+xml")


class Asset(NamedTuple):
    """One file, ready to send."""

    body: bytes
    compressed: bytes | None
    media_type: str
    digest: str


@cache
def _shipped() -> frozenset[str]:
    return frozenset(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())


def load(name: str) -> Asset | None:
    """The file `name` below `static/`, or none: read, hashed and compressed once."""
    return _read(name) if name in _shipped() else None


@cache
def _read(name: str) -> Asset:
    body = (STATIC / name).read_bytes()
    media_type = mimetypes.guess_type(name)[0] or "text/plain"
    media_type = media_type.replace("text/javascript", "application/javascript")
    compressed = gzip.compress(body, 9, mtime=0) if media_type.startswith(COMPRESSIBLE) else None
    return Asset(body, compressed, media_type, hashlib.sha256(body).hexdigest()[:12])


def address(name: str) -> str:
    """The address of a file, with its hash.

    Raises:
        FileNotFoundError: there is no such file: a template names what was not shipped.
    """
    asset = load(name)
    if asset is None:
        raise FileNotFoundError(f"static/{name}")
    return f"/static/{name}?v={asset.digest}"


async def serve_asset(request: Request) -> Response:
    """A static file; for ever when the address carries its hash, revalidated when it does not."""
    name: str = request.path_params["name"]
    asset = load(name)
    if asset is None:
        raise NotFoundError(f"There is no file /static/{name}.")
    etag = f'"{asset.digest}"'
    headers = {
        "Cache-Control": FOR_EVER if request.query_params.get("v") == asset.digest else "no-cache",
        "ETag": etag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    body = asset.body
    if asset.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        body = asset.compressed
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type=asset.media_type)
