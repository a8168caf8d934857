"""A model provider on a real port that speaks all three wire formats, follows a script, and counts.

    async with CountingProvider() as provider:
        provider.script(Reply("Hi"), rate_limited(), Reply(tools=[Tool("add", {"a": 1})]))
        ...                                        # something that asks provider.url (with /v1 for OpenAI's clients)
        assert len(provider.calls) == 3            # what came, in order: path, headers, body
        assert provider.answered == 2              # how many were answered to the last byte

When the script is over it answers `provider.otherwise`: a reply, or a function from the call to one. What a call asked
for in vain is told too: `call.hung_up` is set when the client went before the end.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self, cast

import httptools

from tests.kit.providers.forms import ANTHROPIC, OLLAMA, OPENAI, Form
from tests.kit.providers.replies import Reply

PATIENCE = 20.0
FILLING = b'"' + b"x" * 65534 + b'"'
FORMS: dict[str, Form] = {
    "/v1/chat/completions": OPENAI,
    "/v1/embeddings": OPENAI,
    "/v1/messages": ANTHROPIC,
    "/api/chat": OLLAMA,
    "/api/embed": OLLAMA,
}


@dataclass(eq=False)
class ProviderCall:
    """One request, and what became of it."""

    number: int
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    reply: Reply | None = None
    chunks: int = 0
    """Chunks of the stream that were sent."""
    answered: bool = False
    """It was answered to the last byte, with a 200."""
    hung_up: bool = False
    """The client went before the end."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def end(self) -> None:
        """Returns when it is answered, or its client gone."""
        await asyncio.wait_for(self.ended.wait(), PATIENCE)


class CountingProvider:
    """See the module. `models` are what it has; `key`, when there is one, is what it asks for."""

    def __init__(self, *, models: tuple[str, ...] = ("small", "large"), key: str | None = None) -> None:
        self.models = models
        self.key = key
        self.context_length = 8192
        self.capabilities: tuple[str, ...] = ("completion", "tools")
        """What Ollama says that each of its models can do."""
        self.calls: list[ProviderCall] = []
        """The requests to a model, in the order in which they came. Those for lists of models are in `lookups`."""
        self.lookups: list[ProviderCall] = []
        self.otherwise: Reply | Callable[[ProviderCall], Reply] = Reply()
        self._script: deque[Reply] = deque()
        self._changed = asyncio.Condition()
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._port = 0

    # -- what it says

    def script(self, *replies: Reply) -> Self:
        """Answers the next calls so, one after the other."""
        self._script.extend(replies)
        return self

    def script_anew(self) -> None:
        """Has nothing left to say but the usual."""
        self._script.clear()
        self.otherwise = Reply()

    def next_reply(self, call: ProviderCall) -> Reply:
        """What is said to this call."""
        if self._script:
            return self._script.popleft()
        return self.otherwise if isinstance(self.otherwise, Reply) else self.otherwise(call)

    # -- what it saw

    @property
    def answered(self) -> int:
        """How many calls were answered to the last byte, with a 200."""
        return sum(call.answered for call in self.calls)

    @property
    def input_tokens(self) -> int:
        """Of all calls that were answered to the last byte."""
        return sum(call.reply.input_tokens for call in self.calls if call.answered and call.reply)

    @property
    def output_tokens(self) -> int:
        """Of all calls that were answered to the last byte."""
        return sum(call.reply.output_tokens for call in self.calls if call.answered and call.reply)

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._connections)

    async def called(self, count: int = 1) -> ProviderCall:
        """The call of that number (from 1), once it has come."""
        await self.until(lambda: len(self.calls) >= count)
        return self.calls[count - 1]

    async def until(self, true: Callable[[], bool]) -> None:
        """Returns when it is; looked at whenever a call comes, proceeds or ends."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(true)

    async def changed(self) -> None:
        """Tells those who wait."""
        async with self._changed:
            self._changed.notify_all()

    # -- where it is

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self, port: int = 0) -> None:
        """Listens; a provider that was stopped keeps its port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", port or self._port, reuse_address=True
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Is gone: refuses connections, and cuts those that there are."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._connections):
            connection.abort()
        while self._connections:
            await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


class _Connection(asyncio.Protocol):
    """One client: its requests one after the other, each answered by a task that ends when the client goes."""

    def __init__(self, provider: CountingProvider) -> None:
        self._provider = provider
        self._parser = httptools.HttpRequestParser(self)
        self._writable = asyncio.Event()
        self._writable.set()
        self._work: asyncio.Task[None] | None = None
        self._url, self._headers, self._body = b"", cast("dict[str, str]", {}), bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._provider._connections.add(self)  # pyright: ignore[reportPrivateUsage]

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._provider._connections.discard(self)  # pyright: ignore[reportPrivateUsage]
        self._writable.set()
        if self._work is not None:
            self._work.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def abort(self) -> None:
        self._transport.abort()

    # -- the parser tells

    def on_message_begin(self) -> None:
        self._url, self._headers, self._body = b"", {}, bytearray()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        path = self._url.decode().partition("?")[0]
        raw = bytes(self._body)
        body: Any = raw
        with suppress(ValueError):
            body = json.loads(raw) if raw else None
        self._work = asyncio.create_task(
            self._serve(self._parser.get_method().decode(), path, self._headers, body)
        )

    # -- answering

    async def _serve(self, method: str, path: str, headers: dict[str, str], body: Any) -> None:
        provider = self._provider
        form = FORMS.get(path)
        book = provider.lookups if form is None else provider.calls
        call = ProviderCall(len(book) + 1, method, path, headers, body)
        book.append(call)
        await provider.changed()
        try:
            if not self._has_key(headers):
                await self._json(401, (form or OPENAI).error(401))
            elif form is None:
                await self._look_up(call)
            else:
                call.reply = provider.next_reply(call)
                await self._answer(call, call.reply, form)
        except asyncio.CancelledError:
            call.hung_up = True
        finally:
            call.ended.set()
            with suppress(asyncio.CancelledError):
                await provider.changed()

    def _has_key(self, headers: dict[str, str]) -> bool:
        key = self._provider.key
        return (
            key is None or headers.get("x-api-key") == key or headers.get("authorization") == f"Bearer {key}"
        )

    async def _answer(self, call: ProviderCall, reply: Reply, form: Form) -> None:
        await asyncio.sleep(reply.delay)
        if reply.status != 200:
            await self._json(reply.status, form.error(reply.status), dict(reply.headers))
            return
        stream = call.body.get("stream", form is OLLAMA) and not call.path.endswith(("embeddings", "embed"))
        if stream:
            await self._stream(call, reply, form)
        elif reply.fault == "rubbish":
            await self._whole(200, b"<html>\xff\xfe not JSON", {"content-type": "application/json"})
        elif reply.fault == "huge":
            await self._head(200, {"content-type": "application/json", "content-length": str(reply.size)})
            await self._fill(reply.size)
        elif reply.fault is not None:
            await self._fail(reply)
        else:
            answer = self._vectors(reply, call) if "embed" in call.path else form.whole(reply, call.body)
            await self._json(200, answer, dict(reply.headers))
            call.answered = True

    async def _stream(self, call: ProviderCall, reply: Reply, form: Form) -> None:
        if reply.fault in ("hang", "drop") and reply.after == 0:
            await self._fail(reply)
        await self._head(
            200, {"content-type": form.content_type, "transfer-encoding": "chunked", **reply.headers}
        )
        if reply.fault == "huge":
            while True:
                await self._chunk(FILLING)
        for chunk in form.chunks(reply, call.body):
            if reply.fault is not None and call.chunks >= reply.after:
                if reply.fault == "rubbish":
                    await self._chunk(b"data: {nonsense\n\n<html>\xff\n\n")
                    break
                await self._fail(reply)
            await asyncio.sleep(reply.pause)
            await self._chunk(chunk)
            call.chunks += 1
            await self._provider.changed()
        self._transport.write(b"0\r\n\r\n")
        call.answered = reply.fault is None

    async def _fail(self, reply: Reply) -> None:
        if reply.fault == "drop":
            self._transport.close()  # what was written goes out first
        await asyncio.Event().wait()  # until the connection is lost, which cancels this

    def _vectors(self, reply: Reply, call: ProviderCall) -> Any:
        wanted: Any = call.body["input"]
        count = len(wanted) if isinstance(wanted, list) else 1
        vectors = [list(reply.vectors[min(i, len(reply.vectors) - 1)]) for i in range(count)]
        if call.path == "/api/embed":
            return {
                "model": call.body["model"],
                "embeddings": vectors,
                "prompt_eval_count": reply.input_tokens,
            }
        items = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(vectors)]
        usage = {"prompt_tokens": reply.input_tokens, "total_tokens": reply.input_tokens}
        return {"object": "list", "data": items, "model": call.body["model"], "usage": usage}

    async def _look_up(self, call: ProviderCall) -> None:
        provider = self._provider
        if call.path == "/v1/models":
            items = [
                {"id": name, "object": "model", "created": 1, "owned_by": "test"} for name in provider.models
            ]
            await self._json(200, {"object": "list", "data": items})
        elif call.path == "/api/tags":
            await self._json(200, {"models": [{"name": name, "model": name} for name in provider.models]})
        elif call.path == "/api/show":
            info = {"general.architecture": "llama", "llama.context_length": provider.context_length}
            await self._json(200, {"model_info": info, "capabilities": list(provider.capabilities)})
        elif call.path == "/api/version":
            await self._json(200, {"version": "0.14.0"})
        else:
            await self._json(404, OPENAI.error(404))

    async def _json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        await self._whole(
            status, json.dumps(value).encode(), {"content-type": "application/json", **(headers or {})}
        )

    async def _whole(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        await self._head(status, {**headers, "content-length": str(len(body))})
        self._transport.write(body)

    async def _head(self, status: int, headers: dict[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._transport.write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def _chunk(self, data: bytes) -> None:
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        await self._writable.wait()
        await asyncio.sleep(0)

    async def _fill(self, size: int) -> None:
        while size > 0:
            self._transport.write(FILLING[:size])
            size -= len(FILLING)
            await self._writable.wait()
            await asyncio.sleep(0)  # a client that has gone is noticed here, and cancels this
