"""A model provider on loopback that says what `platform verify` expects, in OpenAI's form: it costs nothing and needs no network.

Asked for the first time it wants the calculator used; told what came of that, it answers. It counts what it was asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

MODEL: Final = "scripted"
EXPRESSION: Final = "6 * 7"
ANSWER: Final = "It is 42."
INPUT_TOKENS: Final = 120
OUTPUT_TOKENS: Final = 8
"""Of each of its answers."""
_LARGEST: Final = 1_000_000
_JSON: Final = "application/json"
_EVENTS: Final = "text/event-stream"


class ScriptedProvider:
    """Answers `/v1/chat/completions`, whole or as a stream."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = 0
        """How often a completion was asked for."""

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request; the connection is closed behind it."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            body = await reader.readexactly(min(_length(head), _LARGEST))
            writer.write(self._answer(head.partition("\r\n")[0], body))
            await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    def _answer(self, request_line: str, body: bytes) -> bytes:
        if "/chat/completions" not in request_line:
            return _response(404, _JSON, b'{"error": {"message": "there is nothing here"}}')
        self.asked += 1
        request = json.loads(body)
        message, finish = _said(request["messages"])
        if request.get("stream"):
            return _response(200, _EVENTS, b"".join(_chunks(message, finish)))
        whole = {
            **_envelope("chat.completion"),
            "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}],
            "usage": _usage(),
        }
        return _response(200, _JSON, json.dumps(whole).encode())


@asynccontextmanager
async def scripted_provider() -> AsyncGenerator[ScriptedProvider]:
    """The provider on a free port of this machine, until the block is left."""
    provider = ScriptedProvider()
    server = await asyncio.start_server(provider.connected, "127.0.0.1", 0)
    provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield provider
    finally:
        server.close()


def _length(head: str) -> int:
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-length":
            return int(value)
    return 0


def _said(messages: list[dict[str, Any]]) -> tuple[dict[str, Any], str]:
    """What it says to a conversation, and why it ends there."""
    if messages[-1]["role"] == "tool" or messages[0]["role"] != "system":
        return {"content": ANSWER}, "stop"
    function = {"name": "calculator", "arguments": json.dumps({"expression": EXPRESSION})}
    return {
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
    }, "tool_calls"


def _chunks(message: dict[str, Any], finish: str) -> Iterator[bytes]:
    deltas: list[dict[str, Any]] = [{"role": "assistant"}]
    if message["content"] is not None:
        deltas += [{"content": word} for word in message["content"].split(" ", 1)[0:1]]
        deltas += [{"content": f" {word}"} for word in message["content"].split(" ")[1:]]
    deltas += [{"tool_calls": [{"index": 0, **call}]} for call in message.get("tool_calls", ())]
    for delta in deltas:
        yield _event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield _event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    yield _event({"choices": [], "usage": _usage()})
    yield b"data: [DONE]\n\n"


def _event(members: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % json.dumps({**_envelope("chat.completion.chunk"), **members}).encode()


def _envelope(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-verify", "object": kind, "created": 1, "model": MODEL}


def _usage() -> dict[str, int]:
    return {
        "prompt_tokens": INPUT_TOKENS,
        "completion_tokens": OUTPUT_TOKENS,
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }


def _response(status: int, kind: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status} {'OK' if status == 200 else 'Not Found'}\r\n"
        f"content-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
