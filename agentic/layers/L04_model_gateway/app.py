"""The app of the gateway: the routes of OpenAI's and Anthropic's APIs, each with errors in its own form.

They are answered before FastAPI, like operations, but apart from them: their bodies are passed on as they came, they stream, they end
when their client hangs up, and what goes wrong is said as their clients read it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import TracebackType
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from agentic.layers.base import jsonio
from agentic.layers.base.api_keys import KeyRing, printable
from agentic.layers.base.app import JSON, Headers, LayerApp
from agentic.layers.base.common_errors import BudgetExceededError, InvalidError, MethodError, NotFoundError
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.http import problem_response, read_body, translate
from agentic.layers.base.operation import validated
from agentic.layers.L04_model_gateway.call import Order
from agentic.layers.L04_model_gateway.caller import caller_of
from agentic.layers.L04_model_gateway.catalogue import Catalogue
from agentic.layers.L04_model_gateway.errors import (
    NoProviderError,
    ProviderBusyError,
    ProviderFailedError,
    ProviderTimeoutError,
)
from agentic.layers.L04_model_gateway.forms.anthropic import ANTHROPIC
from agentic.layers.L04_model_gateway.forms.form import Form
from agentic.layers.L04_model_gateway.forms.openai import OPENAI
from agentic.layers.L04_model_gateway.gateway import Gateway, Told, checked
from agentic.layers.L04_model_gateway.local import carried_out
from agentic.layers.L04_model_gateway.model_lists import anthropic_models, openai_model, openai_models
from agentic.layers.L04_model_gateway.models import COMPLETE, CompletionOrder
from agentic.layers.L04_model_gateway.providers.provider import Task
from agentic.layers.L04_model_gateway.settings import L04Settings

PREFIX: Final = "/v1"
MODELS: Final = "/v1/models"
_TRIED_ENOUGH: Final = (
    ProviderBusyError,
    ProviderFailedError,
    ProviderTimeoutError,
    NoProviderError,
    BudgetExceededError,
)
"""What client libraries should not try again: it was tried here, or trying does not help."""
_EVENTS: Final = (b"content-type", b"text/event-stream; charset=utf-8")
_LINES: Final = (b"content-type", b"application/x-ndjson")
_UNBUFFERED: Final = [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]


class _ModelRoute(NamedTuple):
    form: Form
    task: Task


ROUTES: Final = {
    "/v1/chat/completions": _ModelRoute(OPENAI, "chat"),
    "/v1/embeddings": _ModelRoute(OPENAI, "embeddings"),
    "/v1/messages": _ModelRoute(ANTHROPIC, "chat"),
}


class GatewayApp(LayerApp):
    """`LayerApp` with the routes of models beside its operations."""

    def __init__(
        self, title: str, gateway: Gateway, catalogue: Catalogue, keys: KeyRing, settings: L04Settings
    ) -> None:
        super().__init__(title)
        self._gateway = gateway
        self._catalogue = catalogue
        self._keys = keys
        self._limit = settings.max_request

    async def _respond(self, path: str, headers: Headers, scope: Scope, receive: Receive, send: Send) -> None:
        if path == PREFIX or path.startswith(f"{PREFIX}/"):
            await self._model_api(path, headers, scope, receive, send)
        elif path == COMPLETE.path and scope["method"] == COMPLETE.method:
            await self._complete(headers, scope, receive, send)
        else:
            await super()._respond(path, headers, scope, receive, send)

    # -- the APIs of others

    async def _model_api(
        self, path: str, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> None:
        route = ROUTES.get(path)
        form = route.form if route else (ANTHROPIC if _header(scope, b"anthropic-version") else OPENAI)
        try:
            record = await self._keys.admit(scope)
            headers.trace["actor"] = printable(record["name"])
            if route is None:
                await self._listed(path, form, headers, scope, receive, send)
                return
            if scope["method"] != "POST":
                raise MethodError(allow="POST")
            raw = await read_body(receive, self._limit)
            body = checked(jsonio.decode(raw), route.task)
            order = Order(form, route.task, body, raw, caller_of(scope, record["id"]))
            seconds = _cache_seconds(_header(scope, b"x-cache-seconds"))
            if route.task == "chat" and body.get("stream"):
                await self._stream(order, seconds, headers, receive, send)
            else:
                await self._whole(order, seconds, headers, receive, send)
        except Exception as error:
            await _refuse(translate(error), form, headers.request_id, scope, receive, send)

    async def _whole(
        self, order: Order, seconds: float | None, headers: Headers, receive: Receive, send: Send
    ) -> None:
        watch = HangUp(receive)
        async with watch:
            content, told = await self._gateway.whole(order, seconds)
            watch.over()
            fields = [JSON, (b"content-length", b"%d" % len(content)), *_about(told, headers)]
            await send({"type": "http.response.start", "status": 200, "headers": fields})
            await send({"type": "http.response.body", "body": content})

    async def _stream(
        self, order: Order, seconds: float | None, headers: Headers, receive: Receive, send: Send
    ) -> None:
        watch = HangUp(receive)
        async with watch:
            parts, told = await self._gateway.stream(order, seconds, headers.request_id)
            fields = [_EVENTS, *_UNBUFFERED, *_about(told, headers)]
            await _send_parts(parts, fields, watch, send)

    async def _listed(
        self, path: str, form: Form, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if path != MODELS and not path.startswith(f"{MODELS}/"):
            raise NotFoundError("There is nothing at this address.")
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodError(allow="GET")
        models, aliases = self._catalogue.models(), list(self._catalogue.aliases)
        if path != MODELS:
            value = openai_model(models, aliases, unquote(path[len(MODELS) + 1 :]))
        else:
            value = anthropic_models(models, aliases) if form is ANTHROPIC else openai_models(models, aliases)
        response = Response(
            jsonio.encode(value), headers={"x-request-id": headers.request_id}, media_type="application/json"
        )
        await response(scope, receive, send)

    # -- for the layers above, from another process

    async def _complete(self, headers: Headers, scope: Scope, receive: Receive, send: Send) -> None:
        sent = _Lines(headers.request_id, send)
        try:
            order = validated(CompletionOrder, jsonio.decode(await read_body(receive, self._limit)))
            watch = HangUp(receive)
            async with watch:
                reply = await carried_out(self._gateway, order, sent.text if order.stream else None)
                watch.over()
                await sent.line({"reply": reply})
                await sent.end()
        except Exception as error:
            problem = translate(error)
            if not sent.begun:
                await problem_response(problem, headers.request_id)(scope, receive, send)
                return
            await sent.line({"problem": problem.problem()})
            await sent.end()


class HangUp:
    """Ends what is done within it when the client hangs up, so that the provider is not paid for what nobody reads."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False

    async def __aenter__(self) -> None:
        self._task = asyncio.current_task()
        self._watch = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        assert self._task is not None
        self._task.cancel()

    def over(self) -> None:
        """The answer is there: from here on it is sent to the end. To have been sent looks like a hang-up to a server."""
        self._watch.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._watch.cancel()
        if not self._gone or kind is not asyncio.CancelledError:
            return False
        assert self._task is not None
        return self._task.uncancel() == 0  # else somebody else has cancelled it as well


class _Lines:
    """Lines of JSON, sent as they come."""

    def __init__(self, request_id: str, send: Send) -> None:
        self.begun = False
        self._request_id = request_id.encode()
        self._send = send

    async def line(self, value: Any) -> None:
        """Sends one."""
        if not self.begun:
            self.begun = True
            fields = [_LINES, (b"x-request-id", self._request_id)]
            await self._send({"type": "http.response.start", "status": 200, "headers": fields})
        body = jsonio.encode(value) + b"\n"
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def text(self, text: str) -> None:
        """Sends a piece of the answer's text."""
        await self.line({"text": text})

    async def end(self) -> None:
        """Sends that there are no more."""
        await self._send({"type": "http.response.body", "body": b""})


async def _send_parts(
    parts: AsyncGenerator[bytes], fields: list[tuple[bytes, bytes]], watch: HangUp, send: Send
) -> None:
    async with aclosing(parts):
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        async for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        watch.over()
        await send({"type": "http.response.body", "body": b""})


def _about(told: Told, headers: Headers) -> list[tuple[bytes, bytes]]:
    fields = [
        (b"x-request-id", headers.request_id.encode()),
        (b"x-model-provider", told.provider.encode()),
        (b"x-model", told.model.encode()),
    ]
    if told.cached:
        fields.append((b"x-cache", b"hit"))
    return fields


async def _refuse(
    error: PlatformError, form: Form, request_id: str, scope: Scope, receive: Receive, send: Send
) -> None:
    response = problem_response(error, request_id)  # its headers: how long to wait, which methods, which keys
    content = jsonio.encode(form.error(error, request_id))
    fields = dict(response.headers)
    fields.update({"content-type": "application/json", "content-length": str(len(content))})
    if isinstance(error, _TRIED_ENOUGH):
        fields["x-should-retry"] = "false"
    await Response(content, error.status, fields)(scope, receive, send)


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"")


def _cache_seconds(header: bytes) -> float | None:
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise InvalidError.of(("x-cache-seconds", "for how many seconds an answer may be given again"))
    return seconds
