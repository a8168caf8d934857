"""Serves an operation over HTTP without FastAPI's dependency and response machinery, yet inside its OpenAPI document.

FastAPI needs 200 to 300 µs for a request; an operation validates its own input and answers JSON text already, so the
route reads the request, calls the handler and sends its bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Body, Path, Query
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.http import read_body
from agentic.layers.L01_data_layer.models.operation import Answer, Call, Handler, Operation, Route

JSON = (b"content-type", b"application/json")
NO_BODY = object()


def expected_version(text: str) -> int | None:
    """The version in an `If-Match`: `"3"`, or nothing for `*`.

    Raises:
        InvalidError: it is neither.
    """
    tag = text.strip().removeprefix("W/").strip('"')
    if tag == "*":
        return None
    if not (tag.isascii() and tag.isdigit() and len(tag) < 10):
        raise InvalidError.of(("If-Match", 'the ETag of a record, such as "3"'))
    return int(tag)


class DirectRoute(APIRoute):
    """A route whose request goes straight to a handler."""

    handler: Handler
    operation: Operation

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads the request, calls the handler, sends its answer."""
        if scope["method"] != self.operation.method:
            await super().handle(scope, receive, send)
            return
        answer = await self.handler(await self._call(scope, receive))
        await self._reply(answer, scope, send)

    async def _call(self, scope: Scope, receive: Receive) -> Call:
        expected = key = None
        for name, value in scope["headers"]:
            if name == b"if-match":
                expected = expected_version(value.decode("latin-1"))
            elif name == b"idempotency-key":
                key = _idempotency_key(value.decode("latin-1"))
        body = jsonio.decode(await read_body(scope, receive)) if self.operation.body is not None else None
        return Call(scope["path_params"], _query(scope["query_string"]), body, expected, key)

    async def _reply(self, answer: Answer, scope: Scope, send: Send) -> None:
        headers = [(b"content-length", b"%d" % len(answer.body))]
        if answer.body:
            headers.append(JSON)
        if answer.version is not None:
            headers.append((b"etag", b'"%d"' % answer.version))
        if answer.id is not None:
            headers.append(
                (b"location", f"{scope.get('root_path', '')}{self.operation.path}/{answer.id}".encode())
            )
        await send({"type": "http.response.start", "status": self.operation.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


def _query(raw: bytes) -> dict[str, str]:
    if not raw:
        return {}
    try:
        return dict(parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict"))
    except ValueError as error:
        raise InvalidError.of(("query", f"not a query string: {error}")) from None


def _idempotency_key(text: str) -> str:
    if not 1 <= len(text) <= 255 or not text.isprintable():
        raise InvalidError.of(("Idempotency-Key", "1 to 255 printable characters"))
    return text


def serve(routes: list[Route], tag: str) -> APIRouter:
    """A router for these operations, in this order."""
    router = APIRouter(route_class=DirectRoute, tags=[tag])
    for operation, handler in routes:
        router.add_api_route(
            operation.path,
            _documented(operation, handler),
            methods=[operation.method],
            name=operation.name,
            operation_id=operation.name.replace(".", "_"),
            status_code=operation.status,
            response_model=operation.result,
        )
        route: Any = router.routes[-1]
        route.handler = handler
        route.operation = operation
    return router


def _documented(operation: Operation, handler: Handler) -> Callable[..., Any]:
    """A function with the operation's signature, for the OpenAPI document alone."""
    parameters: dict[str, Any] = {}
    for name in _path_parameters(operation.path):
        parameters[name] = (str, Path())
    if operation.query is not None:
        parameters["query"] = (operation.query, Query())
    if operation.body is not None:
        parameters["body"] = (operation.body, Body())

    async def endpoint(**_: Any) -> None:
        raise AssertionError("the direct route answers")

    endpoint.__doc__ = handler.__doc__
    endpoint.__signature__ = _signature(parameters)  # type: ignore[attr-defined]
    return endpoint


def _path_parameters(path: str) -> list[str]:
    return [part[1:-1].split(":")[0] for part in path.split("/") if part.startswith("{")]


def _signature(parameters: dict[str, Any]) -> Any:
    from inspect import Parameter, Signature
    from typing import Annotated

    return Signature(
        [
            Parameter(name, Parameter.KEYWORD_ONLY, annotation=Annotated[kind, how])
            for name, (kind, how) in parameters.items()
        ]
    )
