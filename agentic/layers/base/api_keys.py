"""Keys to the platform's APIs: how they look, what they may do, and who remembers those that were checked.

A key is `agk_` and 256 random bits. Only its SHA-256 is stored: with that much randomness a slow password hash would
protect nothing more and would cost every request. What a key may do is said by its scopes:

- `read`: every GET;
- `write`: every other method, and reading the record that it answers with;
- `admin`: both, and whatever concerns the gateway itself.

A revocation is noticed at once: any event of a key empties the memory. Where the event is not heard, the memory is short.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final, Literal, NamedTuple

import structlog
from starlette.types import Scope as Request
from typing_extensions import TypedDict

from agentic.layers.base.common_errors import ForbiddenError, UnauthorizedError
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.ids import now

log = structlog.get_logger()

Scope = Literal["read", "write", "admin"]
SCOPES: Final[tuple[Scope, ...]] = ("read", "write", "admin")

TEST_KEY: Final = "test-key-12345678901234567890123456789012"
"""The key of the specification's verification steps."""
AGAIN: Final = 0.5
"""Seconds until a log that ended, because the data layer stopped, is followed again."""

_RANDOM_BYTES: Final = 32
_FORM: Final = re.compile(r"agk_[A-Za-z0-9_-]{43}")
_READING: Final = frozenset(("GET", "HEAD", "OPTIONS"))


class KeyRecord(TypedDict):
    """What is looked at of a key as stored."""

    id: str
    name: str
    key_hash: str
    scopes: list[str]
    expires_at: str | None
    revoked_at: str | None


class Refusals(NamedTuple):
    """What those are told whose key is not good: an error of the layer that they asked for each reason."""

    missing: type[PlatformError]
    invalid: type[PlatformError]
    expired: type[PlatformError]
    revoked: type[PlatformError]
    scope: type[PlatformError]


PLAIN_REFUSALS: Final = Refusals(
    UnauthorizedError, UnauthorizedError, UnauthorizedError, UnauthorizedError, ForbiddenError
)
"""Those of a layer that has no errors of its own for them."""


class KeySource(NamedTuple):
    """Where keys are kept."""

    find: Callable[[str], Awaitable[Sequence[KeyRecord]]]
    """The keys with this hash: one, or none."""
    changes: Callable[[], AsyncGenerator[list[Any]]]
    """Batches of events of keys, from now on; a batch may be empty."""


def make() -> str:
    """A new key."""
    return f"agk_{secrets.token_urlsafe(_RANDOM_BYTES)}"


def well_formed(key: str) -> bool:
    """True when this can be a key that `make` made: anything else needs no look-up."""
    return _FORM.fullmatch(key) is not None


def digest(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def scope_for(method: str) -> Scope:
    """The scope that a request of this method needs."""
    return "read" if method in _READING else "write"


def check(record: KeyRecord, needed: Scope, refusals: Refusals, moment: datetime | None = None) -> None:
    """Returns when the key may be used for what needs this scope.

    Raises:
        PlatformError: why it may not, as `refusals` has it.
    """
    if record["revoked_at"] is not None:
        raise refusals.revoked("This key was revoked.")
    expires = record["expires_at"]
    if expires is not None and datetime.fromisoformat(expires) <= (moment or now()):
        raise refusals.expired(f"This key expired at {expires}.")
    if needed not in record["scopes"] and "admin" not in record["scopes"]:
        raise refusals.scope(f"This needs the scope {needed!r}.", needed_scope=needed)


def presented_key(request: Request) -> str | None:
    """The key in `X-API-Key`, or else in `Authorization: Bearer`."""
    bearer = ""
    for name, value in request["headers"]:
        if name == b"x-api-key" and value:
            return value.decode("latin-1")
        if name == b"authorization":
            scheme, _, credentials = value.decode("latin-1").partition(" ")
            bearer = credentials.strip() if scheme.lower() == "bearer" else bearer
    return bearer or None


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


TEST_RECORD: Final[KeyRecord] = {
    "id": "test-key",
    "name": "test key",
    "key_hash": digest(TEST_KEY),
    "scopes": ["read", "write"],
    "expires_at": None,
    "revoked_at": None,
}


class _Remembered(NamedTuple):
    record: KeyRecord
    until: float


class KeyRing:
    """Checks the key of each request, and remembers it for `memory` seconds. The test key passes only if `test_key` says so."""

    def __init__(self, source: KeySource, refusals: Refusals, *, test_key: bool, memory: float) -> None:
        self._source = source
        self._refusals = refusals
        self._test_key = test_key
        self._warned = False
        self._memory = memory
        self._remembered: dict[str, _Remembered] = {}
        self._emptied = 0

    async def admit(self, request: Request, needed: Scope | None = None) -> KeyRecord:
        """The key with which a request was made, when it may be made with it: it `needed` this, or what its method says.

        Raises:
            PlatformError: it may not, or the data layer could not be asked.
        """
        key = presented_key(request)
        if key is None:
            raise self._refusals.missing()
        record = await self._record(key, request)
        check(record, needed or scope_for(request["method"]), self._refusals)
        return record

    async def watch(self) -> None:
        """Forgets what is remembered whenever a key changes, in whatever process. Runs until it is cancelled."""
        while True:
            self._forget()  # what was missed meanwhile may have been a revocation
            async for events in self._source.changes():
                if events:
                    self._forget()
            await asyncio.sleep(AGAIN)

    def _forget(self) -> None:
        self._remembered.clear()
        self._emptied += 1

    async def _record(self, key: str, request: Request) -> KeyRecord:
        key_hash = digest(key)
        if self._is_test_key(key_hash, request):
            return TEST_RECORD
        if not well_formed(key):
            raise self._refusals.invalid()
        now = asyncio.get_running_loop().time()
        remembered = self._remembered.get(key_hash)
        if remembered is not None and remembered.until > now:
            return remembered.record
        emptied = self._emptied
        found = await self._source.find(key_hash)
        if not found or not secrets.compare_digest(found[0]["key_hash"], key_hash):
            raise self._refusals.invalid()
        if (
            emptied == self._emptied
        ):  # else this may be what the key was before the change that emptied the memory
            self._remembered[key_hash] = _Remembered(found[0], now + self._memory)
        return found[0]

    def _is_test_key(self, key_hash: str, request: Request) -> bool:
        if not secrets.compare_digest(key_hash, TEST_RECORD["key_hash"]):
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
