"""Keys to the API: made, hashed, checked, and kept by the data layer.

A key is `agk_` and 256 random bits. Only its SHA-256 is stored: with that much randomness a slow password hash would
protect nothing more and would cost every request. What a key may do is said by its scopes:

- `read`: every GET;
- `write`: every other method, and reading the record that it answers with;
- `admin`: both, and whatever concerns the gateway itself.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime
from typing import Final, Literal, NamedTuple
from uuid import UUID

from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.base.ids import now, timestamp
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.access import ApiKey
from agentic.layers.L09_api_gateway.errors import ExpiredKeyError, MissingScopeError, RevokedKeyError

Scope = Literal["read", "write", "admin"]
SCOPES: Final[tuple[Scope, ...]] = ("read", "write", "admin")
DEFAULT_SCOPES: Final[tuple[Scope, ...]] = ("read", "write")

TEST_KEY: Final = "test-key-12345678901234567890123456789012"
"""The key of the specification's verification steps."""

_RANDOM_BYTES: Final = 32
_SHOWN: Final = 12
_FORM: Final = re.compile(r"agk_[A-Za-z0-9_-]{43}")
_READING: Final = frozenset(("GET", "HEAD", "OPTIONS"))


class NewKey(NamedTuple):
    """A key at the only moment when it can be seen, and its record."""

    key: str
    record: ApiKey


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


def check(record: ApiKey, needed: Scope, moment: datetime | None = None) -> None:
    """Returns when the key may be used for what needs this scope.

    Raises:
        RevokedKeyError, ExpiredKeyError, MissingScopeError: why it may not.
    """
    if record["revoked_at"] is not None:
        raise RevokedKeyError
    expires = record["expires_at"]
    if expires is not None and datetime.fromisoformat(expires) <= (moment or now()):
        raise ExpiredKeyError(f"This key expired at {expires}.")
    if needed not in record["scopes"] and "admin" not in record["scopes"]:
        raise MissingScopeError(f"This needs the scope {needed!r}.", needed_scope=needed)


async def create_key(
    l01: L01Client, name: str, scopes: tuple[str, ...] = DEFAULT_SCOPES, expires_at: datetime | None = None
) -> NewKey:
    """Makes a key and stores its hash. The key itself cannot be had again.

    Raises:
        InvalidError: there is no such scope, or the moment of expiry is over or has no offset.
    """
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise InvalidError.of(("scopes", f"some of {', '.join(SCOPES)}"))
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now()):
        raise InvalidError.of(("expires_at", "a moment in the future, with its offset"))
    key = make()
    record = await l01.keys.create(
        name=name,
        prefix=key[:_SHOWN],
        key_hash=digest(key),
        scopes=list(dict.fromkeys(scopes)),
        expires_at=None if expires_at is None else timestamp(expires_at),
    )
    return NewKey(key, record)


async def list_keys(l01: L01Client) -> list[ApiKey]:
    """All keys, newest first, revoked ones too."""
    return [record async for record in l01.keys.all()]


async def revoke_key(l01: L01Client, reference: str) -> ApiKey:
    """Revokes the key with this id or name, for ever; a revoked one stays as it is.

    Raises:
        NotFoundError: there is none.
        InvalidError: several valid keys have this name.
    """
    record = await _referred_to(l01, reference)
    if record["revoked_at"] is not None:
        return record
    return await l01.keys.update(record["id"], {"revoked_at": timestamp()})


async def _referred_to(l01: L01Client, reference: str) -> ApiKey:
    try:
        return await l01.keys.get(UUID(reference))
    except ValueError:
        pass
    named = [record async for record in l01.keys.all(name=reference)]
    valid = [record for record in named if record["revoked_at"] is None]
    if len(valid) > 1:
        ids = ", ".join(record["id"] for record in valid)
        raise InvalidError.of(("key", f"{len(valid)} keys are called {reference!r}, say which: {ids}"))
    if not named:
        raise NotFoundError(f"There is no key {reference!r}.")
    return (valid or named)[0]
