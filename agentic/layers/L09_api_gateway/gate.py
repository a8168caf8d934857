"""Who may pass: the key of each request, checked against the data layer and remembered for a few seconds.

A revocation is noticed at once: any event of a key empties the memory. Where the event is not heard, the memory is short.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Final, NamedTuple

import structlog
from starlette.types import Scope as Request

from agentic.layers.base.app import Headers
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.access import ApiKey
from agentic.layers.L09_api_gateway.errors import InvalidKeyError, MissingKeyError
from agentic.layers.L09_api_gateway.keys import TEST_KEY, check, digest, scope_for, well_formed

log = structlog.get_logger()

PREFIX: Final = "/api/v1"
AGAIN: Final = 0.5
"""Seconds until a log that ended, because the data layer stopped, is followed again."""

_TEST_RECORD: Final[ApiKey] = {
    "id": "test-key",
    "name": "test key",
    "prefix": TEST_KEY[:8],
    "key_hash": digest(TEST_KEY),
    "scopes": ["read", "write"],
    "expires_at": None,
    "revoked_at": None,
    "created_at": "",
    "updated_at": "",
    "version": 0,
}

_caller: ContextVar[str] = ContextVar("caller")


def caller() -> str:
    """The id of the key with which the request in hand was made."""
    return _caller.get()


class _Remembered(NamedTuple):
    record: ApiKey
    until: float


class Gate:
    """Checks the key of each request below `/api/v1`. The specification's test key passes only if `test_key` says so."""

    def __init__(self, client: Callable[[], L01Client], *, test_key: bool, memory: float) -> None:
        self._client = client
        self._test_key = test_key
        self._warned = False
        self._memory = memory
        self._remembered: dict[str, _Remembered] = {}
        self._emptied = 0

    async def admit(self, path: str, request: Request, headers: Headers) -> None:
        """Lets a request pass, in the name of its key.

        Raises:
            MissingKeyError, InvalidKeyError, RevokedKeyError, ExpiredKeyError, MissingScopeError: it may not.
            PlatformError: the data layer could not be asked.
        """
        if path != PREFIX and not path.startswith(f"{PREFIX}/"):
            return
        record = await self._record(presented_key(request), request)
        check(record, scope_for(request["method"]))
        _caller.set(record["id"])
        headers.trace["actor"] = printable(record["name"])

    async def watch(self) -> None:
        """Forgets what is remembered whenever a key changes, in whatever process. Runs until it is cancelled."""
        while True:
            self._forget()  # what was missed meanwhile may have been a revocation
            async for events in self._client().follow(event_type="api_key.*"):
                if events:
                    self._forget()
            await asyncio.sleep(AGAIN)

    def _forget(self) -> None:
        self._remembered.clear()
        self._emptied += 1

    async def _record(self, key: str, request: Request) -> ApiKey:
        key_hash = digest(key)
        if self._is_test_key(key_hash, request):
            return _TEST_RECORD
        if not well_formed(key):
            raise InvalidKeyError
        now = asyncio.get_running_loop().time()
        remembered = self._remembered.get(key_hash)
        if remembered is not None and remembered.until > now:
            return remembered.record
        emptied = self._emptied
        record = await self._look_up(key_hash)
        if (
            emptied == self._emptied
        ):  # else this may be what the key was before the change that emptied the memory
            self._remembered[key_hash] = _Remembered(record, now + self._memory)
        return record

    async def _look_up(self, key_hash: str) -> ApiKey:
        found = (await self._client().keys.list(key_hash=key_hash, limit=1))["items"]
        if not found or not secrets.compare_digest(found[0]["key_hash"], key_hash):
            raise InvalidKeyError
        return found[0]

    def _is_test_key(self, key_hash: str, request: Request) -> bool:
        if not secrets.compare_digest(key_hash, _TEST_RECORD["key_hash"]):
            return False
        if not (self._test_key and from_this_machine(request)):
            return False
        if not self._warned:
            self._warned = True
            log.warning(
                "the test key is in use: everybody knows it, and it works from this machine only",
                instead="platform keys create",
            )
        return True


def presented_key(request: Request) -> str:
    """The key in `X-API-Key`, or else in `Authorization: Bearer`.

    Raises:
        MissingKeyError: there is none.
    """
    bearer = ""
    for name, value in request["headers"]:
        if name == b"x-api-key" and value:
            return value.decode("latin-1")
        if name == b"authorization":
            scheme, _, credentials = value.decode("latin-1").partition(" ")
            bearer = credentials.strip() if scheme.lower() == "bearer" else bearer
    if not bearer:
        raise MissingKeyError
    return bearer


def from_this_machine(request: Request) -> bool:
    """True when the connection comes from a loopback address: a layer served alone does not know where it listens."""
    client = request.get("client")
    try:
        return client is not None and ip_address(client[0]).is_loopback
    except ValueError:
        return False


def printable(name: str) -> str:
    """A name that can travel in a header."""
    return "".join(character if character.isprintable() else " " for character in name)
