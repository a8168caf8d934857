"""The lock on everything but the gateways' APIs, for a platform that listens beyond this machine.

Programs show a key with the scope `admin`. A person shows it once, on a page of its own, and gets a cookie for a while.
The gateways under `/api/` and `/v1/` ask for keys themselves, by finer scopes, and so does `/mcp`.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import ClassVar, Final
from urllib.parse import parse_qs, quote

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from agentic.layers.base.app import read_headers
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.http import problem_response, read_body
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L09_api_gateway import keys
from agentic.layers.L09_api_gateway.errors import InvalidKeyError, MissingKeyError
from agentic.layers.L09_api_gateway.gate import presented_key
from agentic.platform.command_error import CommandError
from agentic.platform.exit_codes import REFUSED
from agentic.platform.login_page import login_page

LOGIN: Final = "/login"
COOKIE: Final = "platform_session"
SESSION: Final = 12 * 3600
"""Seconds for which a login holds."""
MEMORY: Final = 5.0
"""Seconds for which a key is known to be good: how late a revocation can be."""
_FORM: Final = 4096
_OPEN: Final = re.compile(r"(/l\d\d)?/health/(live|ready)")
"""Watchers have no keys, and learn only whether it works."""
_POLICY_VIOLATION: Final = 1008


class NoKeyError(CommandError):
    """A platform that listens beyond this machine needs a key with the scope `admin`, and there is none."""

    exit_code: ClassVar[int] = REFUSED


class Lock:
    """Knows who may enter."""

    def __init__(self, l01: L01Client) -> None:
        self._l01 = l01
        self._sessions: dict[str, tuple[str, float]] = {}
        self._good: dict[str, float] = {}

    async def require_a_key(self) -> None:
        """Returns when somebody can enter at all.

        Raises:
            NoKeyError: nobody can.
        """
        async for record in self._l01.keys.all():
            try:
                keys.check(record, "admin")
            except PlatformError:
                continue
            return
        raise NoKeyError(
            "It would be open to everyone who reaches this machine: there is no key with the scope 'admin' yet. Start "
            "it without --host, make one with `platform keys create NAME --scope admin`, and try again."
        )

    async def check_request(self, scope: Scope) -> None:
        """Returns when the request carries a good key, or the cookie of a login with one.

        Raises:
            PlatformError: it does not.
        """
        try:
            key_hash = _hash_of(presented_key(scope))
        except MissingKeyError:
            session = self._sessions.get(_cookie(scope))
            if session is None or session[1] < asyncio.get_running_loop().time():
                raise
            key_hash = session[0]
        await self._check(key_hash)

    async def log_in(self, key: str) -> str:
        """A new session for the bearer of a key.

        Raises:
            PlatformError: the key is not good.
        """
        key_hash = _hash_of(key)
        await self._check(key_hash)
        now = asyncio.get_running_loop().time()
        self._sessions = {token: held for token, held in self._sessions.items() if held[1] > now}
        token = secrets.token_urlsafe(32)
        self._sessions[token] = (key_hash, now + SESSION)
        return token

    async def _check(self, key_hash: str) -> None:
        now = asyncio.get_running_loop().time()
        if self._good.get(key_hash, 0.0) > now:
            return
        found = (await self._l01.keys.list(key_hash=key_hash, limit=1))["items"]
        if not found:
            raise InvalidKeyError
        keys.check(found[0], "admin")
        self._good = {known: until for known, until in self._good.items() if until > now}
        self._good[key_hash] = now + MEMORY


class Locked:
    """Pure ASGI: lets requests to `app` through the lock, but for those whose path begins with one of `beside`."""

    def __init__(self, app: ASGIApp, lock: Lock, beside: Iterable[str] = ()) -> None:
        self.app = app
        self._lock = lock
        self._beside = tuple(beside)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on; else answers 401, or sends a person to the login."""
        path: str = scope["path"]
        if path == LOGIN and scope["type"] == "http":
            await (await self._login(scope, receive))(scope, receive, send)
            return
        if not _OPEN.fullmatch(path) and not f"{path}/".startswith(self._beside):
            try:
                await self._lock.check_request(scope)
            except PlatformError as error:
                await _refuse(error, scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _login(self, scope: Scope, receive: Receive) -> Response:
        target = _target(scope)
        if scope["method"] != "POST":
            return HTMLResponse(login_page(""), headers={"Cache-Control": "no-store"})
        try:
            form = parse_qs((await read_body(receive, _FORM)).decode("utf-8", "replace"))
            token = await self._lock.log_in(form.get("key", [""])[0].strip())
        except PlatformError as error:
            return HTMLResponse(login_page(error.detail), error.status, {"Cache-Control": "no-store"})
        response = RedirectResponse(target, 303)
        response.set_cookie(
            COOKIE,
            token,
            max_age=SESSION,
            secure=scope["scheme"] == "https",
            httponly=True,
            samesite="strict",
        )
        return response


async def _refuse(error: PlatformError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": error.title})
    elif _wants_page(scope):
        await RedirectResponse(f"{LOGIN}?next={quote(_address(scope))}", 303)(scope, receive, send)
    else:
        await problem_response(error, read_headers(scope["headers"]).request_id)(scope, receive, send)


def _hash_of(key: str) -> str:
    if not keys.well_formed(key):
        raise InvalidKeyError
    return keys.digest(key)


def _wants_page(scope: Scope) -> bool:
    return scope["method"] == "GET" and b"text/html" in _header(scope, b"accept")


def _address(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{query}" if query else scope["path"]


def _cookie(scope: Scope) -> str:
    try:
        morsel = SimpleCookie(_header(scope, b"cookie").decode("latin-1")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"")


def _target(scope: Scope) -> str:
    """Where to go after the login: a path of ours, and never another site."""
    path = parse_qs(scope["query_string"].decode("latin-1")).get("next", ["/"])[0]
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
