"""A configuration value, by namespace and key."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation, Query
from agentic.layers.L01_data_layer.models.event import Items
from agentic.layers.L01_data_layer.models.fields import Body, Json, Wanted, storable
from agentic.layers.L01_data_layer.models.history import HistoryQuery, Restore, Version
from agentic.layers.L01_data_layer.models.resource import AsOf, Page, Paging


def _one_segment(value: str) -> str:
    if "/" in value or value in (".", ".."):
        raise ValueError("must be one part of a path: anything without a slash, but neither . nor ..")
    return value


Namespace = Annotated[
    str, Field(min_length=1, max_length=100), AfterValidator(storable), AfterValidator(_one_segment)
]
Key = Annotated[
    str, Field(min_length=1, max_length=255), AfterValidator(storable), AfterValidator(_one_segment)
]


class NamespaceAddress(Query):
    """A namespace: one part of a path, so anything without a slash, dots included."""

    namespace: Namespace


class ConfigAddress(NamespaceAddress):
    """Where a value is."""

    key: Key


class ConfigSet(Body):
    """A value: anything that JSON has, null included."""

    value: Json


class ConfigQuery(Paging, AsOf):
    """One page of a namespace, by key; with `prefix`, of the keys that begin so."""

    order: Literal["asc", "desc"] = "asc"
    prefix: Wanted | None = None


class Config(TypedDict):
    """A configuration value as stored. `id` is made from namespace and key, and is that of its events."""

    id: str
    namespace: str
    key: str
    value: Any
    version: int
    created_at: str
    updated_at: str


class ConfigVersion(Version):
    """One change of a value; `value` is null when it was deleted."""

    value: Any


class ConfigNamespace(TypedDict):
    """A namespace, how many values it has, and when one of them last changed."""

    namespace: str
    count: int
    updated_at: str


_NAMESPACE = "/config/{namespace}"
_ONE = "/config/{namespace}/{key}"

CONFIG_NAMESPACES = Operation(
    "config.namespaces", "GET", "/config", query=AsOf, result=Items[ConfigNamespace]
)
LIST_CONFIG = Operation(
    "config.list", "GET", _NAMESPACE, query=ConfigQuery, result=Page[Config], address=NamespaceAddress
)
GET_CONFIG = Operation("config.get", "GET", _ONE, query=AsOf, result=Config, address=ConfigAddress)
SET_CONFIG = Operation(
    "config.set", "PUT", _ONE, body=ConfigSet, result=Config, address=ConfigAddress, conditional=True
)
DELETE_CONFIG = Operation(
    "config.delete", "DELETE", _ONE, status=204, address=ConfigAddress, conditional=True
)
CONFIG_HISTORY = Operation(
    "config.history",
    "GET",
    f"{_ONE}/history",
    query=HistoryQuery,
    result=Page[ConfigVersion],
    address=ConfigAddress,
)
RESTORE_CONFIG = Operation(
    "config.restore",
    "POST",
    f"{_ONE}/restore",
    body=Restore,
    result=Config,
    address=ConfigAddress,
    conditional=True,
)
