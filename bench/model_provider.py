"""A model provider that does nothing but answer, as fast as asyncio can: the same bytes for every request.

    python -m bench.model_provider --port 9100

`POST …/chat/completions` answers a chat completion, whole or as a stream of 20 chunks; `GET …/models` one model.
"""

import argparse
import asyncio
import json
from typing import Any, cast

import httptools
import uvloop

MODEL = "bench-model"
TEXT = ["token "] * 20
USAGE = {"prompt_tokens": 12, "completion_tokens": len(TEXT), "total_tokens": 12 + len(TEXT)}
HEAD = {"id": "chatcmpl-1", "created": 1_760_000_000, "model": MODEL}


def _answer(body: bytes, content_type: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _whole() -> bytes:
    message = {"role": "assistant", "content": "".join(TEXT)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    value = {**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE}
    return _answer(json.dumps(value).encode(), "application/json")


def _events() -> list[bytes]:
    head = {**HEAD, "object": "chat.completion.chunk"}

    def event(**members: Any) -> bytes:
        data = f"data: {json.dumps({**head, **members})}\n\n".encode()
        return b"%x\r\n%b\r\n" % (len(data), data)

    deltas = [{"role": "assistant", "content": ""}, *({"content": text} for text in TEXT), {}]
    events = [event(choices=[{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas[:-1]]
    events.append(event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    events.append(event(choices=[], usage=USAGE))
    done = b"data: [DONE]\n\n"
    events.append(b"%x\r\n%b\r\n0\r\n\r\n" % (len(done), done))
    return events


WHOLE = _whole()
MODELS = _answer(
    json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}).encode(), "application/json"
)
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
EVENTS = _events()


class _Client(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""
        self._left: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._body = b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._parser.get_method() == b"GET":
            self._transport.write(MODELS)
        elif json.loads(self._body).get("stream"):
            self._transport.write(STREAM_HEAD)
            self._left = EVENTS[::-1]
            self._next()
        else:
            self._transport.write(WHOLE)

    def _next(self) -> None:
        """An event of the loop for each event of the stream, as a model would take its time."""
        if self._left and not self._transport.is_closing():
            self._transport.write(self._left.pop())
            asyncio.get_running_loop().call_soon(self._next)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Client, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(_serve(parser.parse_args().port))
