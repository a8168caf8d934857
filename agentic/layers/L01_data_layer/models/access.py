"""L09: a key to the API. Only its hash is stored."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from agentic.layers.L01_data_layer.models.fields import Body, Changes, Kind, Moment, Name, Wanted
from agentic.layers.L01_data_layer.models.resource import NO_DELETE, ListQuery, Resource


class ApiKeyCreate(Body):
    """A new key, as the SHA-256 of its 256 random bits; `prefix` is what a person may see of it."""

    name: Name
    prefix: Annotated[str, Field(max_length=20)]
    key_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    scopes: Annotated[list[Kind], Field(min_length=1, max_length=20)]
    expires_at: Moment | None = None


class ApiKeyUpdate(Changes):
    """What may change in a key: it may be revoked, and then stays so."""

    name: Name = ""
    revoked_at: Moment = ""


class ApiKeyQuery(ListQuery):
    """Filters of the list of keys."""

    key_hash: Wanted | None = None
    name: Wanted | None = None


class ApiKey(TypedDict):
    """A key as stored."""

    id: str
    name: str
    prefix: str
    key_hash: str
    scopes: list[str]
    expires_at: str | None
    revoked_at: str | None
    created_at: str
    updated_at: str
    version: int


API_KEYS = Resource("api_key", "/api-keys", ApiKeyCreate, ApiKeyQuery, ApiKey, ApiKeyUpdate, verbs=NO_DELETE)
