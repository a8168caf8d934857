"""A WebSocket client on a bare asyncio protocol: a thousand of them cost less than the server that they watch."""

import asyncio
import base64
import os
import socket
import time
from collections.abc import Callable
from typing import cast

OnMessage = Callable[[bytes, float], None]
"""Takes a text message and the moment (of time.perf_counter) at which it was there."""

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class WebSocketError(Exception):
    """The server refused the connection, closed it, or sent what this client does not read."""


def _masked(opcode: int, payload: bytes) -> bytes:
    """A short frame from a client; the mask is all zero, which the protocol allows."""
    return bytes([0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0]) + payload


class WebSocketClient(asyncio.Protocol):
    """Hands every text message to a function until it is closed."""

    def __init__(self, path: str, on_message: OnMessage):
        self._path = path
        self._on_message = on_message
        self._received = bytearray()
        self._upgraded = False
        self._closing = False
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.failure: str | None = None
        """Why the connection ended, when it was not closed from here."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        host, port = self._transport.get_extra_info("peername")
        key = base64.b64encode(os.urandom(16)).decode()
        headers = f"Host: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        headers += f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        self._transport.write(f"GET {self._path} HTTP/1.1\r\n{headers}\r\n".encode())

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._received += data
        if not self._upgraded and not self._read_handshake():
            return
        while (frame := self._next_frame()) is not None:
            self._on_frame(*frame, now)

    def _read_handshake(self) -> bool:
        head, found, rest = bytes(self._received).partition(b"\r\n\r\n")
        if not found:
            return False
        if not head.startswith(b"HTTP/1.1 101"):
            self._fail(head.decode("latin1"))
            return False
        self._received = bytearray(rest)
        self._upgraded = True
        self.opened.set_result(None)
        return True

    def _next_frame(self) -> tuple[int, bytes] | None:
        buffer = self._received
        if len(buffer) < 2:
            return None
        length, start = buffer[1], 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(buffer) < start:
                return None
            length = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + length:
            return None
        first, payload = buffer[0], bytes(buffer[start : start + length])
        del buffer[: start + length]
        return first, payload

    def _on_frame(self, first: int, payload: bytes, now: float) -> None:
        if first == 0x80 | TEXT:
            self._on_message(payload, now)
        elif first == 0x80 | PING:
            self._transport.write(_masked(PONG, payload))
        else:
            self._fail(f"a frame that begins with {first:#x}: {payload[:200]!r}")

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self._transport.close()

    def stall(self) -> None:
        """Read nothing any more, as a client does that hangs."""
        self._transport.pause_reading()

    def close(self) -> None:
        """End the connection without a word, as a closed browser does."""
        self._closing = True
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.failure is None and not self._closing:
            self.failure = f"the server closed the connection: {exc}"
        if not self.opened.done():
            self.opened.set_exception(WebSocketError(self.failure))


async def connect(
    port: int, path: str, on_message: OnMessage, *, receive_buffer: int | None = None
) -> WebSocketClient:
    """Connect to a server on this machine, with a small receive buffer if the system is to hold little for the client.

    Raises WebSocketError when the server does not upgrade the connection.
    """
    loop = asyncio.get_running_loop()
    sock = socket.socket()
    sock.setblocking(False)
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    await loop.sock_connect(sock, ("127.0.0.1", port))
    _, client = await loop.create_connection(lambda: WebSocketClient(path, on_message), sock=sock)
    await client.opened
    return client
