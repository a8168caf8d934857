"""The app of a layer: operations answered straight from a lookup, everything else by FastAPI.

FastAPI's middleware, routing, dependency and response machinery takes 200 to 300 µs of a request. An operation
validates its own input and answers JSON text already, so its request is read, handled and answered here, before that
machinery; the routes that FastAPI gets for operations are what its OpenAPI document is made from.
"""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Annotated, Any, NamedTuple, cast
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Body, FastAPI, Header, Path, Query
from fastapi.params import Depends
from pydantic.warnings import UnsupportedFieldAttributeWarning
from starlette.types import Message, Receive, Scope, Send

from agentic import __version__
from agentic.layers.base import jsonio, tracing
from agentic.layers.base.api_docs import install_docs
from agentic.layers.base.common_errors import InvalidError, MethodError
from agentic.layers.base.http import (
    PROBLEM_SCHEMA,
    PROBLEM_TYPE,
    install_errors,
    problem_response,
    read_body,
    translate,
)
from agentic.layers.base.ids import uuid7
from agentic.layers.base.operation import Answer, Call, Operation, Route

PARAMETER = "{}"
JSON = (b"content-type", b"application/json")
_REQUEST_ID_CHARACTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem (RFC 9457); its `code` says which.",
        "content": {PROBLEM_TYPE.decode(): {"schema": PROBLEM_SCHEMA}},
    }
}
IF_MATCH: Any = Annotated[
    str,
    Header(
        description="The ETag of the record as the caller knows it: refused (E1005) when it has changed since.",
        pattern=r'^(\*|(W/)?"?[0-9]{1,9}"?)$',
    ),
]
IDEMPOTENCY_KEY: Any = Annotated[
    str,
    Header(
        description="A name for this request, for one day: asked again under it, the first answer is given again.",
        pattern="^[ -~]{1,255}$",
    ),
]
_TRACE = {name.encode(): key for name, key in tracing.HEADERS.items()}


class Headers(NamedTuple):
    """What the platform reads of a request's headers."""

    request_id: str
    trace: dict[str, str]
    if_match: bytes | None
    idempotency_key: bytes | None


Admission = Callable[[str, Scope, Headers], Awaitable[None]]
"""Looks at a request (its path below the mount, its scope, what was read of its headers) and raises what it is refused
with; it may add to `headers.trace`."""


class Found(NamedTuple):
    """The operation at an address, and the parameters in its path."""

    route: Route
    path: Mapping[str, str]


class _Node:
    """A part of a path: the parts that may follow it, and the methods that the address takes which ends here."""

    __slots__ = ("parts", "takes")

    def __init__(self) -> None:
        self.parts: dict[str, _Node] = {}
        self.takes: dict[str, tuple[Route | None, list[str]]] = {}


class Directory:
    """Operations by address and method; a fixed part comes before a parameter, whatever the order of addition."""

    def __init__(self) -> None:
        self._root = _Node()

    def add(self, route: Route, prefix: str) -> None:
        """Makes an operation findable under `prefix`."""
        self._put(route.operation.method, f"{prefix}{route.operation.path}", route)

    def leave_out(self, method: str, path: str) -> None:
        """Makes an address no operation's, although one with a parameter would match it."""
        self._put(method, path, None)

    def _put(self, method: str, path: str, route: Route | None) -> None:
        node = self._root
        names: list[str] = []
        for part in path.split("/")[1:]:
            if part.startswith("{"):
                names.append(part[1:-1])
                part = PARAMETER
            node = node.parts.setdefault(part, _Node())
        node.takes[method] = (route, names)

    def methods(self, path: str) -> list[str]:
        """The methods that an address takes."""
        node = _descend(self._root, path.split("/"), 1, [])
        return [] if node is None else sorted(node.takes)

    def find(self, method: str, path: str) -> Found | None:
        """The operation for a request, or none."""
        values: list[str] = []
        node = _descend(self._root, path.split("/"), 1, values)
        if node is None or method not in node.takes:
            return None
        route, names = node.takes[method]
        return Found(route, dict(zip(names, reversed(values), strict=True))) if route else None


def _descend(node: _Node, parts: list[str], index: int, values: list[str]) -> _Node | None:
    """The end of a path, with the values of its parameters, the last one first."""
    if index == len(parts):
        return node if node.takes else None
    part = parts[index]
    if part != PARAMETER and (following := node.parts.get(part)) is not None:
        end = _descend(following, parts, index + 1, values)
        if end is not None:
            return end
    if part and (following := node.parts.get(PARAMETER)) is not None:
        end = _descend(following, parts, index + 1, values)
        if end is not None:
            values.append(part)
            return end
    return None


class LayerApp(FastAPI):
    """A FastAPI app with operations, request ids, problem+json, and the same answer with or without a last slash."""

    def __init__(self, title: str, *, admit: Admission | None = None, **options: Any) -> None:
        super().__init__(
            title=title,
            version=__version__,
            strict_content_type=False,
            redirect_slashes=False,
            docs_url=None,
            redoc_url=None,
            **options,
        )
        self._admit = admit
        self._directory = Directory()
        self._undocumented: list[tuple[APIRouter, list[Route]]] = []
        install_errors(self)
        install_docs(self)

    def serve(
        self, routes: list[Route], tag: str, prefix: str = "", security: Sequence[Depends] = ()
    ) -> None:
        """Serves operations under `prefix`, and documents them under `tag` with what `admit` asks of a request."""
        for route in routes:
            self._directory.add(route, prefix)
        router = APIRouter(tags=[tag], prefix=prefix, dependencies=security)
        self._undocumented.append((router, routes))

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document. FastAPI's routes for operations are made when it is first asked for: they take a while."""
        for router, routes in self._undocumented:
            for route in routes:
                _document(router, route)
            self.include_router(router)
        self._undocumented.clear()
        with warnings.catch_warnings():
            # FastAPI ignores this too where it makes a field; those of models that are built late are built here.
            warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)
            return super().openapi()

    def serve_stream(self, path: str, router: APIRouter) -> None:
        """Serves a router's `GET path`, which an operation with a parameter would match, by FastAPI."""
        self._directory.leave_out("GET", path)
        self.include_router(router)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET"}, _head_alone(send)
        path = _without_last_slash(scope)
        state = scope.setdefault("state", {})
        headers = read_headers(scope["headers"], state.get("request_id"))
        state["request_id"] = headers.request_id
        token = tracing.bind(headers.trace)
        try:
            await self._respond(path, headers, scope, receive, send)
        finally:
            tracing.unbind(token)

    async def _respond(self, path: str, headers: Headers, scope: Scope, receive: Receive, send: Send) -> None:
        if self._admit is not None:
            try:
                await self._admit(path, scope, headers)
            except Exception as error:
                await problem_response(translate(error), headers.request_id)(scope, receive, send)
                return
        found = self._directory.find(scope["method"], path)
        if found is not None:
            await _answer(found, headers, scope, receive, send)
            return
        allowed = self._directory.methods(path)
        if allowed and scope["method"] not in allowed:
            error = MethodError(allow=", ".join(allowed))
            await problem_response(error, headers.request_id)(scope, receive, send)
            return
        await self._framework(headers.request_id, scope, receive, send)

    async def _framework(self, request_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def reply(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                sent = cast("list[tuple[bytes, bytes]]", message.setdefault("headers", []))
                if not any(name == b"x-request-id" for name, _ in sent):
                    message["headers"] = [*sent, (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await super().__call__(scope, receive, reply)
        except Exception as error:
            if started:
                raise
            await problem_response(translate(error), request_id)(scope, receive, reply)


def _head_alone(send: Send) -> Send:
    """Sends the head of an answer and no body, and waits for none: a stream would never end."""

    async def reply(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b""})

    return reply


def _without_last_slash(scope: Scope) -> str:
    """The path below the mount, without a last slash; the scope is changed to agree."""
    path: str = scope["path"]
    root = len(scope.get("root_path", ""))
    if path.endswith("/") and len(path) > root + 1:
        path = scope["path"] = path[:-1]
    return path[root:]


def read_headers(headers: list[tuple[bytes, bytes]], request_id: str | None = None) -> Headers:
    """What the platform reads of a request's headers; a request without an id of its own gets one."""
    trace: dict[str, str] = {}
    if_match = key = None
    for name, value in headers:
        if name in _TRACE:
            trace[_TRACE[name]] = value[:256].decode(errors="replace")
        elif name == b"if-match":
            if_match = value
        elif name == b"idempotency-key":
            key = value
        elif name == b"x-request-id" and request_id is None and _is_request_id(value):
            request_id = value.decode("ascii")
    request_id = request_id or str(uuid7())
    trace.setdefault("correlation_id", request_id)
    return Headers(request_id, trace, if_match, key)


def _is_request_id(value: bytes) -> bool:
    return 0 < len(value) <= 128 and _REQUEST_ID_CHARACTERS.issuperset(value)


async def _answer(found: Found, headers: Headers, scope: Scope, receive: Receive, send: Send) -> None:
    operation, handler = found.route
    try:
        answer = await handler(await _call(found, headers, scope, receive))
    except Exception as error:
        await problem_response(translate(error), headers.request_id)(scope, receive, send)
        return
    fields = [(b"content-length", b"%d" % len(answer.body)), (b"x-request-id", headers.request_id.encode())]
    fields.extend(_answer_headers(answer, scope))
    await send({"type": "http.response.start", "status": operation.status, "headers": fields})
    await send({"type": "http.response.body", "body": answer.body})


def _answer_headers(answer: Answer, scope: Scope) -> list[tuple[bytes, bytes]]:
    fields: list[tuple[bytes, bytes]] = []
    if answer.body:
        fields.append(JSON)
    if answer.version is not None:
        fields.append((b"etag", b'"%d"' % answer.version))
    if answer.id is not None:
        fields.append((b"location", f"{scope['path']}/{answer.id}".encode()))
    return fields


async def _call(found: Found, headers: Headers, scope: Scope, receive: Receive) -> Call:
    body = None
    if found.route.operation.body is not None:
        body = jsonio.decode(await read_body(receive))
    return Call(
        found.path,
        _query(scope["query_string"]),
        body,
        expected_version(headers.if_match) if headers.if_match is not None else None,
        _idempotency_key(headers.idempotency_key) if headers.idempotency_key is not None else None,
    )


def expected_version(header: bytes) -> int | None:
    """The version in an `If-Match`: `"3"`, or nothing for `*`.

    Raises:
        InvalidError: it is neither.
    """
    tag = header.decode("latin-1").strip().removeprefix("W/").strip('"')
    if tag == "*":
        return None
    if not (tag.isascii() and tag.isdigit() and len(tag) < 10):
        raise InvalidError.of(("If-Match", 'the ETag of a record, such as "3"'))
    return int(tag)


def _query(raw: bytes) -> dict[str, str]:
    if not raw:
        return {}
    try:
        return dict(parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict"))
    except ValueError as error:
        raise InvalidError.of(("query", f"not a query string: {error}")) from None


def _idempotency_key(header: bytes) -> str:
    text = header.decode("latin-1")
    if not 1 <= len(text) <= 255 or not (text.isascii() and text.isprintable()):
        raise InvalidError.of(("Idempotency-Key", "1 to 255 printable ASCII characters"))
    return text


def _document(router: APIRouter, route: Route) -> None:
    operation, _ = route
    router.add_api_route(
        operation.path,
        _documented(route),
        methods=[operation.method],
        name=operation.name,
        operation_id=operation.name.replace(".", "_"),
        status_code=operation.status,
        response_model=operation.result,
        responses=PROBLEM_RESPONSES,
    )


def _documented(route: Route) -> Callable[..., Awaitable[None]]:
    """A function with the operation's signature, for the OpenAPI document alone."""
    operation, handler = route
    parameters: dict[str, Any] = dict(_path_parameters(operation))
    if operation.query is not None:
        parameters["query"] = Annotated[operation.query, Query()]
    if operation.body is not None:
        parameters["body"] = Annotated[operation.body, Body()]
    if operation.conditional:
        parameters["if_match"] = IF_MATCH
    if operation.repeatable:
        parameters["idempotency_key"] = IDEMPOTENCY_KEY

    async def endpoint(**_: Any) -> None:
        raise AssertionError("operations are answered before the framework sees them")

    endpoint.__doc__ = handler.__doc__
    cast("Any", endpoint).__signature__ = Signature(
        [
            Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind, default=_default(kind))
            for name, kind in parameters.items()
        ]
    )
    return endpoint


def _default(kind: Any) -> Any:
    return None if kind in (IF_MATCH, IDEMPOTENCY_KEY) else Parameter.empty


def _path_parameters(operation: Operation) -> Iterator[tuple[str, Any]]:
    for part in operation.path.split("/"):
        if not part.startswith("{"):
            continue
        name = part[1:-1]
        if operation.address is not None:
            field = operation.address.model_fields[name]
            yield name, Annotated[field.annotation, *field.metadata, Path()]
        else:
            yield name, Annotated[UUID if name == "id" or name.endswith("_id") else str, Path()]
