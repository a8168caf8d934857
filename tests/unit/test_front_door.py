"""Which layer a path leads to, and what the layer is told about it."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from agentic.platform.front_door import FrontDoor


class Layer:
    """Notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append((scope["path"], scope.get("root_path", "")))


async def ask(path: str, kind: str = "http") -> tuple[str, tuple[str, str]] | dict[str, Any]:
    """The layer that got the request, and what it saw; or else the response."""
    layers = {layer_id: Layer() for layer_id in ("L01", "L04", "L09", "L10", "L11")}
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    await FrontDoor(layers)({"type": kind, "path": path, "headers": []}, receive, send)
    got = [(layer_id, layer.asked[0]) for layer_id, layer in layers.items() if layer.asked]
    return got[0] if got else {"status": sent[0]["status"], "location": dict(sent[0]["headers"])[b"location"]}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "layer", "root"),
    [
        ("/", "L10", ""),
        ("/agents", "L10", ""),
        ("/dashboard/stats", "L10", ""),
        ("/apidocs", "L10", ""),
        ("/errors", "L10", ""),
        ("/l1", "L10", ""),
        ("/L01/agents", "L10", ""),
        ("/api/v1/agents", "L09", ""),
        ("/docs", "L09", ""),
        ("/openapi.json", "L09", ""),
        ("/health/ready", "L09", ""),
        ("/v1/chat/completions", "L04", ""),
        ("/v1x", "L10", ""),
        ("/hooks/github", "L11", ""),
        ("/mcp", "L11", ""),
        ("/mcp/", "L11", ""),
        ("/mcpx", "L10", ""),
        ("/l01/agents/7", "L01", "/l01"),
        ("/l01/errors", "L01", "/l01"),
        ("/l04/v1/models", "L04", "/l04"),
        ("/l09/api/v1/agents", "L09", "/l09"),
        ("/l10/", "L10", "/l10"),
        ("/l11/subscriptions", "L11", "/l11"),
    ],
)
async def test_each_path_has_its_layer(path: str, layer: str, root: str) -> None:
    assert await ask(path) == (layer, (path, root))


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/l01", "/l01/"])
async def test_a_layer_by_its_bare_name_shows_what_it_can_do(path: str) -> None:
    assert await ask(path) == {"status": 307, "location": b"/l01/docs"}


@pytest.mark.anyio
async def test_sockets_find_their_layer_too() -> None:
    assert await ask("/ws/events", "websocket") == ("L10", ("/ws/events", ""))
    assert await ask("/l10/ws/events", "websocket") == ("L10", ("/l10/ws/events", "/l10"))
