"""Keeps web pages of others from using this machine's browser against the platform.

Two attacks pass a loopback address. DNS rebinding: a page's own name is made to resolve to 127.0.0.1, so its scripts
read our answers as their own; such a request carries that name as its `Host`. Cross-site writes and sockets: a page
posts a form or opens a WebSocket to us; browsers then say so in `Sec-Fetch-Site` or `Origin`. The second check is the
one of Go's `http.CrossOriginProtection`. What is no browser sends neither header and is not concerned.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.types import ASGIApp, Receive, Scope, Send

from agentic.layers.base.app import read_headers
from agentic.layers.base.common_errors import CrossSiteError, ForeignHostError
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.http import problem_response

READING: Final = frozenset(("GET", "HEAD", "OPTIONS"))
OWN_SITE: Final = frozenset(("same-origin", "none"))
POLICY_VIOLATION: Final = 1008


class GuardSettings(BaseSettings):
    """`PLATFORM_HOSTS`: names beside the loopback ones by which the platform is reached, as a JSON list."""

    model_config = SettingsConfigDict(env_prefix="PLATFORM_", env_ignore_empty=True)

    hosts: frozenset[str] = frozenset()


class _Sender(NamedTuple):
    """What a browser says about where a request comes from and goes to."""

    host: str
    origin: str | None
    site: str | None


class BrowserGuard:
    """Pure ASGI, around an app or several. `hosts` are names beside the loopback ones by which the platform is reached.

    A public platform is asked for by names that nobody told it, so there the host is only checked when `hosts` are.
    """

    def __init__(self, app: ASGIApp, *, public: bool = False, hosts: Iterable[str] = ()) -> None:
        self.app = app
        self._hosts = frozenset(host_name(host) for host in hosts)
        self._any_host = public and not self._hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers 421 or 403 (a WebSocket: closes it before it is accepted)."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        try:
            self._check(scope)
        except PlatformError as error:
            await _refuse(error, scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        sender = _sender(scope)
        if not self._any_host and not self._is_ours(host_name(sender.host)):
            raise ForeignHostError
        writes = scope["type"] == "websocket" or scope["method"] not in READING
        if writes and not self._is_own_site(sender):
            raise CrossSiteError

    def _is_ours(self, name: str) -> bool:
        return name in self._hosts or is_loopback(name)

    def _is_own_site(self, sender: _Sender) -> bool:
        if sender.origin is None and sender.site is None:
            return True
        authority = _authority(sender.origin)
        if host_name(authority) in self._hosts:
            return True
        if sender.site is not None:
            return sender.site in OWN_SITE
        return authority != "" and authority == sender.host.lower()


def _sender(scope: Scope) -> _Sender:
    host, origin, site = "", None, None
    for name, value in scope["headers"]:
        if name == b"host":
            host = value.decode("latin-1")
        elif name == b"origin":
            origin = value.decode("latin-1")
        elif name == b"sec-fetch-site":
            site = value.decode("latin-1")
    return _Sender(host, origin, site)


def _authority(origin: str | None) -> str:
    try:
        return urlsplit(origin or "").netloc.lower()
    except ValueError:
        return ""


def host_name(authority: str) -> str:
    """The name in `name`, `name:port` or `[address]:port`."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0].lower()
    return authority.partition(":")[0].rstrip(".").lower()


def is_loopback(name: str) -> bool:
    """True for names and addresses that always mean this machine (RFC 6761 for `localhost`)."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


async def _refuse(error: PlatformError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": error.title})
        return
    await problem_response(error, read_headers(scope["headers"]).request_id)(scope, receive, send)
