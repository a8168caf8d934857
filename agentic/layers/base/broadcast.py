"""One message to many WebSockets: framed once, and written to each connection as the bytes that it is.

A server's frames are not masked, so the same bytes serve every client. ASGI knows only "send this message to this
client": a thousand clients cost a thousand tasks woken, and a thousand framings, for every event. A server that runs
`BroadcastProtocol` offers each WebSocket an extension beside ASGI's own; who finds none sends as usual.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, Final, Protocol, cast

from starlette.types import Scope
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION: Final = "agentic.broadcast"
_TEXT: Final = 0x81


class Writer(Protocol):
    """A connection that takes whole frames."""

    def write(self, frames: bytes) -> bool:
        """Takes `frames`, or none of them: False when the client still has to read what it was sent before."""
        ...

    def abort(self) -> None:
        """Drops the connection with what it was not yet sent: a client that reads nothing would keep it for ever."""
        ...


def writer_of(scope: Scope) -> Writer | None:
    """The connection of a WebSocket that was accepted, when its server offers it."""
    extensions: dict[str, Any] = scope.get("extensions") or {}
    return cast("Writer | None", extensions.get(EXTENSION))


def text_frames(messages: Iterable[bytes]) -> bytes:
    """Text messages as an unfragmented frame each (RFC 6455, section 5.2)."""
    parts: list[bytes] = []
    for message in messages:
        parts.append(_head(len(message)))
        parts.append(message)
    return b"".join(parts)


def _head(size: int) -> bytes:
    if size < 126:
        return bytes((_TEXT, size))
    return struct.pack("!BBH", _TEXT, 126, size) if size < 65536 else struct.pack("!BBQ", _TEXT, 127, size)


class BroadcastProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, which offers itself as a `Writer`."""

    def handle_connect(self, event: Request) -> None:
        """Makes the scope, and adds the extension before the app sees it."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            scope = cast("dict[str, Any]", self.scope)
            scope["extensions"][EXTENSION] = self

    def write(self, frames: bytes) -> bool:
        """Takes whole frames, unless the transport's buffer is full."""
        if not self.writable.is_set():
            return False
        if not (self.disconnected or self.close_sent or self.transport.is_closing()):
            self.transport.write(frames)
        return True

    def abort(self) -> None:
        """Drops the connection."""
        self.transport.abort()
