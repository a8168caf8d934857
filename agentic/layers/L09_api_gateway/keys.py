"""Keys to the API, kept by the data layer: made, listed, revoked. How they look and are checked stands in `base/api_keys.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from agentic.layers.base import api_keys
from agentic.layers.base.api_keys import (
    SCOPES,
    TEST_KEY,
    Refusals,
    Scope,
    digest,
    make,
    scope_for,
    well_formed,
)
from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.base.ids import now, timestamp
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.access import ApiKey
from agentic.layers.L09_api_gateway.errors import (
    ExpiredKeyError,
    InvalidKeyError,
    MissingKeyError,
    MissingScopeError,
    RevokedKeyError,
)

__all__ = [
    "DEFAULT_SCOPES",
    "REFUSALS",
    "SCOPES",
    "TEST_KEY",
    "NewKey",
    "check",
    "create_key",
    "digest",
    "list_keys",
    "make",
    "revoke_key",
    "scope_for",
    "well_formed",
]

DEFAULT_SCOPES: Final[tuple[Scope, ...]] = ("read", "write")
REFUSALS: Final = Refusals(
    MissingKeyError, InvalidKeyError, ExpiredKeyError, RevokedKeyError, MissingScopeError
)

_SHOWN: Final = 12


class NewKey(NamedTuple):
    """A key at the only moment when it can be seen, and its record."""

    key: str
    record: ApiKey


def check(record: ApiKey, needed: Scope, moment: datetime | None = None) -> None:
    """Returns when the key may be used for what needs this scope.

    Raises:
        RevokedKeyError, ExpiredKeyError, MissingScopeError: why it may not.
    """
    api_keys.check(record, needed, REFUSALS, moment)


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
