"""The address that everybody is given: the gateway, the dashboard, and every layer below its own name.

/api/v1  /docs  /openapi.json  /health    L09, the gateway
/v1                                       L04, the APIs of models
/hooks                                    L11, what others tell us
/mcp                                      L11, for clients of the Model Context Protocol
/l01 … /l11                               each layer's own app
everything else                           L10, the dashboard
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_GATEWAY: Final[tuple[str, ...]] = ("api", "docs", "openapi.json", "health")
_MODELS: Final = "v1"
_INCOMING: Final = "hooks"
_PROTOCOL: Final = "mcp"


class FrontDoor:
    """Pure ASGI: looks at the first part of the path, and hands the request on."""

    def __init__(self, apps: Mapping[str, ASGIApp]) -> None:
        self._dashboard = apps["L10"]
        by_name = {_MODELS: apps["L04"], _INCOMING: apps["L11"], _PROTOCOL: apps["L11"]}
        self._public = dict.fromkeys(_GATEWAY, apps["L09"]) | by_name
        self._mounted = {layer_id.lower(): app for layer_id, app in apps.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102
        path: str = scope["path"]
        name = path[1:].partition("/")[0]
        mounted = self._mounted.get(name)
        if mounted is None:
            await self._public.get(name, self._dashboard)(scope, receive, send)
        elif path in (f"/{name}", f"/{name}/") and name != "l10" and scope["type"] == "http":
            await RedirectResponse(f"{scope.get('root_path', '')}/{name}/docs")(scope, receive, send)
        else:
            # As Starlette's Mount does it: the path stays whole, and `root_path` says how much of it is ours.
            root = f"{scope.get('root_path', '')}/{name}"
            await mounted({**scope, "root_path": root}, receive, send)
